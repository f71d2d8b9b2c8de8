/// A COUNT as its connection sees it. Event loop only.
final class ActiveCount {
    let number: Int
    let id: String
    let mailbox = Mailbox<Settled<CountEnd>>(limitBytes: .max)
    var state: CountState

    init(number: Int, timeout: Duration, now: Duration) {
        self.number = number
        id = "c\(number)"
        state = CountState(timeout: timeout, now: now)
    }
}
