import Glibc

/// A thread started by hand, for work that blocks, or that needs a thread of its own for as long as it runs.
///
/// It takes no signals: they are for the thread that waits for them, and a connection that breaks ends no process.
package struct DedicatedThread: Sendable {
    /// The system has no more threads.
    package struct Unavailable: Error, CustomStringConvertible {
        package let description: String
    }

    private final class Body: Sendable {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    private let handle: pthread_t

    /// Starts the thread; the name is for the error. Whoever has it calls `join` or `detach`, once.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Unavailable) {
        var handle = pthread_t()
        let context = Unmanaged.passRetained(Body(body))
        // It inherits the mask from the thread that starts it.
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_SETMASK, &all, &before)
        defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
        let code = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context.toOpaque())
        guard code == 0 else {
            context.release()
            throw Unavailable(description: "cannot start the thread \(name): \(String(cString: strerror(code)))")
        }
        self.handle = handle
    }

    /// Waits for the end of the thread.
    package func join() { pthread_join(handle, nil) }

    /// Lets the thread end on its own.
    package func detach() { pthread_detach(handle) }
}
