import Testing

@testable import Finder

@Suite struct APISourcePlanTests {
    private let fresh = APISourceState(url: "http://a.test/")

    @Test func `a source rests for its cooldown`() {
        #expect(APISourcePlan.isDue(fresh, now: 0))
        let listed = APISourcePlan.listed(fresh, (3, "\"e\"", nil), form: "strings ", now: 1_000, cooldown: 60)
        #expect(!APISourcePlan.isDue(listed, now: 1_059))
        #expect(APISourcePlan.isDue(listed, now: 1_060))
        #expect(listed.urls == 3)
        // A clock that was set back by more than any pause keeps nobody away for ever.
        #expect(APISourcePlan.isDue(listed, now: -1_000_000))
    }

    @Test func `the pause doubles with each failure, up to a day, and a list ends it`() {
        var state = fresh
        var pauses: [Int64] = []
        for _ in 1...12 {
            state = APISourcePlan.failed(state, kind: "timeout", retryAfter: nil, now: 0, cooldown: 300)
            pauses.append(state.notBefore ?? 0)
        }
        #expect(pauses == [300, 600, 1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 76_800, 86_400, 86_400, 86_400])
        #expect(state.failures == 12)
        #expect(state.lastError == "timeout")
        let listed = APISourcePlan.listed(state, nil, form: "", now: 5, cooldown: 300)
        #expect(listed.failures == 0)
        #expect(listed.lastError == nil)
        #expect(listed.notBefore == 305)
    }

    @Test func `a source is not asked before it said`() {
        let failed = { APISourcePlan.failed(fresh, kind: "x", retryAfter: $0, now: 0, cooldown: 300).notBefore }
        #expect(failed(900) == 900)
        #expect(failed(10) == 300)
        #expect(failed(.max) == 86_400)
    }

    @Test func `validators hold for the form in which the list was read`() {
        let listed = APISourcePlan.listed(fresh, (1, "\"e\"", "then"), form: "strings ", now: 0, cooldown: 0)
        #expect(APISourcePlan.validators(listed, form: "strings ") == ("\"e\"", "then"))
        #expect(APISourcePlan.validators(listed, form: "text ") == (nil, nil))
        let failed = APISourcePlan.failed(listed, kind: "x", retryAfter: nil, now: 0, cooldown: 0)
        #expect(APISourcePlan.validators(failed, form: "strings ") == ("\"e\"", "then"))
    }

    @Test func `a list that was not stored to its end goes on where it stood, another one from its beginning`() {
        let half = APISourcePlan.halfWay(fresh, digest: "a", done: 20)
        #expect(APISourcePlan.done(half, digest: "a") == 20)
        #expect(APISourcePlan.done(half, digest: "b") == 0)
        #expect(APISourcePlan.done(fresh, digest: "a") == 0)
        // A failure in between forgets nothing, and the end of the list all of it.
        let failed = APISourcePlan.failed(half, kind: "x", retryAfter: nil, now: 0, cooldown: 0)
        #expect(APISourcePlan.done(failed, digest: "a") == 20)
        let listed = APISourcePlan.listed(half, (1, nil, nil), form: "strings ", now: 0, cooldown: 0)
        #expect(listed.progress == nil)
        #expect(half.etag == nil && half.notBefore == nil)
    }

    @Test func `states of sources that are gone are let go`() {
        let (a, b, c) = (APISourceState(url: "a"), APISourceState(url: "b"), APISourceState(url: "c"))
        var changed = b
        changed.failures = 1
        #expect(APISourcePlan.merged([a, b, c], changed, sources: ["c", "b", "d"]) == [c, changed])
    }
}
