import EventLoop
import Passwords

/// Exchanges that wait for something outside of their connections: a password's verdict, or another service's. Each waits
/// with a ticket, so that an exchange that ended meanwhile, and is another request's by now, is not disturbed.
final class WaitingExchanges: EventHandler {
    private struct Waiting {
        var exchange: Exchange
        var ticket: UInt64
    }

    private let loop: EventLoop
    private var lastTicket: UInt64 = 0
    private var ready: [Waiting] = []
    private var passwords: [UInt64: Exchange] = [:]
    private var worker: PasswordWorker?
    private var wakeUp: WakeUp?

    init(loop: EventLoop) {
        self.loop = loop
        super.init()
        loop.register(self)
    }

    func takeTicket() -> UInt64 {
        lastTicket += 1
        return lastTicket
    }

    /// Resumes an exchange in the next turn, when whoever is at work now is done.
    func resumeLater(_ exchange: Exchange, _ extras: ExchangeExtras) {
        extras.ticket = takeTicket()
        ready.append(Waiting(exchange: exchange, ticket: extras.ticket))
        loop.runAgain(self)
    }

    override func resume() {
        let waiting = ready
        ready.removeAll(keepingCapacity: true)
        for one in waiting where one.exchange.extras?.ticket == one.ticket { one.exchange.resumeFeatures() }
    }

    // MARK: Passwords

    /// Has a password checked on another thread; the exchange is resumed with the verdict.
    /// - Returns: false where too many wait, or there is no thread for it.
    func check(_ password: [UInt8], against hash: [UInt8], for exchange: Exchange, _ extras: ExchangeExtras) -> Bool {
        guard let worker = startWorker() else { return false }
        let ticket = takeTicket()
        guard worker.check(password, against: hash, ticket: ticket) else { return false }
        extras.ticket = ticket
        passwords[ticket] = exchange
        return true
    }

    private func startWorker() -> PasswordWorker? {
        if let worker { return worker }
        guard let wakeUp = try? WakeUp(in: loop, { [unowned self] in self.takeVerdicts() }) else { return nil }
        self.wakeUp = wakeUp
        let made = PasswordWorker { wakeUp.signal() }
        worker = made
        return made
    }

    private func takeVerdicts() {
        guard let worker else { return }
        for (ticket, isRight) in worker.takeResults() {
            guard let exchange = passwords.removeValue(forKey: ticket), let extras = exchange.extras,
                extras.ticket == ticket
            else { continue }
            extras.passwordVerdict = isRight
            exchange.resumeFeatures()
        }
    }

    /// The worker process ends.
    func stop() {
        worker?.stop()
        passwords = [:]
        ready = []
    }
}
