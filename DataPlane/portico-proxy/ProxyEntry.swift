import CSystem
import Glibc
import ProcessSupervision
import ProxyCore

/// `portico-proxy`: the supervisor, and with the hidden first word `worker` one of its workers.
@main enum ProxyEntry {
    static func main() {
        do {
            let arguments = Array(CommandLine.arguments.dropFirst())
            switch try ProxyOptions.read(arguments, workers: availableProcessors(), node: hostName()) {
            case .help: writeLine(ProxyOptions.help, to: STDOUT_FILENO)
            case .supervise(let options): try ProxySupervisor(options: options).run()
            case .work(let options): exit(try runWorker(options))
            }
        } catch {
            ProxySupervisor.log("\(error)")
            exit(2)
        }
    }

    private static func runWorker(_ options: WorkerOptions) throws -> Int32 {
        portico_name_process("portico-worker")
        let worker = try Worker(
            configuration: WorkerConfiguration(
                listeners: options.listeners.map { WorkerConfiguration.Listener(descriptor: $0, kind: .http) }
                    + options.secureListeners.map { WorkerConfiguration.Listener(descriptor: $0, kind: .https) },
                supervisorLink: options.stateDescriptor, controlSocketPath: options.controlSocket, node: options.node,
                processName: "worker-\(options.index)", index: options.index, classGroup: options.classGroup,
                limitsDescriptor: options.limitsDescriptor < 0 ? nil : options.limitsDescriptor,
                handoverDescriptor: options.handoverDescriptor < 0 ? nil : options.handoverDescriptor))
        return worker.run()
    }

    private static func hostName() -> String {
        var buffer = [CChar](repeating: 0, count: 256)
        guard gethostname(&buffer, buffer.count - 1) == 0 else { return "unknown" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
