import Testing

@testable import RelayClient

@Suite struct NoticeTextTests {
    @Test(arguments: [
        "ERROR: bad msg: negentropy disabled", "ERROR: bad msg: unknown cmd", "unknown message type NEG-OPEN",
        "could not parse command", "Invalid message: unrecognised type", "NEG is off here",
        "error: unexpected message", "unhandled message",
    ])
    func `a relay without negentropy says so in many ways`(text: String) {
        #expect(NoticeText(text).refuses(.reconciliation))
    }

    @Test(arguments: [
        "welcome", "", "this relay is negligent", "rate-limited: unknown client", "COUNT is an unknown command",
        "ERROR: too many concurrent REQs",
    ])
    func `other notices are about something else`(text: String) {
        #expect(!NoticeText(text).refuses(.reconciliation))
    }

    @Test func `what names one kind of request is not about the other`() {
        #expect(NoticeText("ERROR: bad msg: COUNT disabled").refuses(.count))
        #expect(!NoticeText("ERROR: bad msg: negentropy disabled").refuses(.count))
        #expect(NoticeText("unknown message").refuses(.count))
        #expect(!NoticeText("your account is nice").refuses(.count))
    }

    @Test(arguments: [
        "rate-limited: noise", "Rate limit exceeded", "please slow down", "too many requests", "too fast",
    ])
    func `a rate limit is known by its words`(text: String) { #expect(NoticeText(text).speaksOfRateLimit) }

    @Test func `too many subscriptions are not a rate`() {
        #expect(NoticeText("ERROR: too many concurrent REQs").speaksOfTooManySubscriptions)
        #expect(!NoticeText("ERROR: too many concurrent REQs").speaksOfRateLimit)
        #expect(!NoticeText("welcome").speaksOfRateLimit)
    }
}
