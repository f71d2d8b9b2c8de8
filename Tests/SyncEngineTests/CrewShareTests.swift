import Database
import Testing

@testable import SyncEngine

@Suite struct CrewShareTests {
    private func share(_ replicas: Int, wanting: Int, held: Int) -> WorkShare {
        WorkShare(replicas: replicas, wanting: wanting, held: held)
    }

    @Test func `who has more than a quarter above its part lets the rest go, and claims no more than its part`() {
        var crew = CrewShare()
        #expect(crew.claim(100, running: 10) == (100, .zero))
        #expect(crew.look(share(2, wanting: 1, held: 10), running: 10) == 5)
        #expect(crew.claim(100, running: 3) == (2, .zero))
        #expect(crew.claim(100, running: 5) == (100, .seconds(5)), "who asked may have died since")
        #expect(crew.look(share(2, wanting: 1, held: 10), running: 6) == 0)
    }

    @Test func `while nobody wants work all is as ever`() {
        var crew = CrewShare()
        _ = crew.look(share(2, wanting: 1, held: 10), running: 10)
        #expect(crew.look(share(2, wanting: 0, held: 0), running: 10) == 0)
        #expect(crew.claim(7, running: 10) == (7, .zero))
    }

    @Test func `no more is let go at a time than may be opened anew at once`() {
        var crew = CrewShare()
        #expect(crew.look(share(2, wanting: 1, held: 1_000), running: 1_000) == 100)
        #expect(crew.look(share(1, wanting: 0, held: 0), running: 1_000) == 0)
    }
}
