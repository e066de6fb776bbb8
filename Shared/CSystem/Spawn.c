#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "Spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FIRST_INHERITED 3
#define MAPPING_LIMIT 1024

// From here to execve only async-signal-safe calls: another thread of the parent may have held any lock at the fork.
static int become_child(
    const char *path, char *const *arguments, char *const *environment,
    const struct portico_descriptor_mapping *mappings, size_t mapping_count, int highest_target, int report,
    pid_t parent) {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0) return errno;
    // The parent may have died before the call above, and then nobody would ever tell us.
    if (getppid() != parent) _exit(0);
    setpgid(0, 0);

    // Sources are first moved above every target, so that no mapping overwrites the source of another.
    int floor = highest_target + 1;
    int moved_report = fcntl(report, F_DUPFD_CLOEXEC, floor);
    if (moved_report < 0) return errno;
    int moved[MAPPING_LIMIT];
    for (size_t index = 0; index < mapping_count; index++) {
        moved[index] = fcntl(mappings[index].source, F_DUPFD_CLOEXEC, floor);
        if (moved[index] < 0) return errno;
    }
    for (size_t index = 0; index < mapping_count; index++)
        if (dup2(moved[index], mappings[index].target) < 0) return errno;
    for (int descriptor = FIRST_INHERITED; descriptor < floor; descriptor++) {
        int kept = 0;
        for (size_t index = 0; index < mapping_count; index++) kept |= mappings[index].target == descriptor;
        if (!kept) close(descriptor);
    }
    if (dup2(moved_report, floor) < 0) return errno;
    if (fcntl(floor, F_SETFD, FD_CLOEXEC) != 0) return errno;
    if (syscall(SYS_close_range, (unsigned)floor + 1, ~0U, 0) != 0)
        for (int descriptor = floor + 1; descriptor < 65536; descriptor++) close(descriptor);

    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execve(path, arguments, environment);
    int failure = errno;
    if (write(floor, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

int portico_spawn(
    const char *path, char *const *arguments, char *const *environment,
    const struct portico_descriptor_mapping *mappings, size_t mapping_count, int *pidfd) {
    if (mapping_count > MAPPING_LIMIT) return -E2BIG;
    int highest_target = FIRST_INHERITED - 1;
    for (size_t index = 0; index < mapping_count; index++) {
        if (mappings[index].target < FIRST_INHERITED) return -EINVAL;
        if (mappings[index].target > highest_target) highest_target = mappings[index].target;
    }
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -errno;

    // No handler of ours may run in the child before it has become itself.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        int failure = become_child(
            path, arguments, environment, mappings, mapping_count, highest_target, report[1], parent);
        if (write(report[1], &failure, sizeof failure) < 0) _exit(126);
        _exit(127);
    }
    int failure = child < 0 ? errno : 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (child > 0) {
        ssize_t count;
        do count = read(report[0], &failure, sizeof failure); while (count < 0 && errno == EINTR);
        if (count == 0) failure = 0;
        if (failure != 0) waitpid(child, NULL, 0);
    }
    close(report[0]);
    if (failure != 0) return -failure;
    *pidfd = (int)syscall(SYS_pidfd_open, child, 0);
    if (*pidfd < 0) {
        failure = errno;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        return -failure;
    }
    fcntl(*pidfd, F_SETFD, FD_CLOEXEC);
    return child;
}

int portico_reap(int child, int *code, int *signal_number) {
    int status = 0;
    pid_t found;
    do found = waitpid(child, &status, WNOHANG); while (found < 0 && errno == EINTR);
    if (found < 0) return -errno;
    if (found == 0) return 0;
    *code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    *signal_number = WIFSIGNALED(status) ? WTERMSIG(status) : -1;
    return 1;
}

// Read by the handler only.
static int signal_pipe_writer = -1;

static void forward_signal(int number) {
    int saved = errno;
    unsigned char byte = (unsigned char)number;
    // A full pipe holds thousands of the same news already.
    ssize_t ignored = write(signal_pipe_writer, &byte, 1);
    (void)ignored;
    errno = saved;
}

int portico_signal_pipe(void) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -errno;
    signal_pipe_writer = ends[1];
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = forward_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
    for (size_t index = 0; index < sizeof numbers / sizeof *numbers; index++)
        if (sigaction(numbers[index], &action, NULL) != 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    return ends[0];
}

int portico_available_processors(void) {
    cpu_set_t set;
    CPU_ZERO(&set);
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    int count = CPU_COUNT(&set);
    return count > 0 ? count : 1;
}

void portico_name_process(const char *name) { prctl(PR_SET_NAME, name); }
