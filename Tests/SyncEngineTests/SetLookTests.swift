import Testing

@testable import SyncEngine

@Suite struct SetLookTests {
    private func found(_ late: Int, _ all: Int) -> VisitProgress.Found { .init(late: late, all: all) }

    @Test func `halves count once, with the last of them`() {
        var look = SetLook()
        look.begin()
        look.halve()
        look.begin()
        let first = look.end(found(3, 100))
        look.begin()
        look.halve()
        look.begin()
        let second = look.end(found(0, 50))
        look.begin()
        let last = look.end(found(1, 50))
        #expect([first, second, last] == [nil, nil, found(4, 200)])
        look.begin()
        let next = look.end(found(0, 7))
        #expect(next == found(0, 7), "the next look knows nothing of the last")
    }

    @Test func `a look of which pages have a part says nothing`() {
        var look = SetLook()
        look.begin()
        look.halve()
        look.begin()
        look.leave()
        look.begin()
        let rest = look.end(found(0, 50))
        #expect(rest == nil)
        look.begin()
        look.leave()
        look.begin()
        let next = look.end(found(2, 50))
        #expect(next == found(2, 50))
    }
}
