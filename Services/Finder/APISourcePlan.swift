/// When sources are asked, and what becomes of their states. Times are Unix seconds of one clock.
enum APISourcePlan {
    /// The longest pause after failures, a day.
    static let longestPause: Int64 = 86_400
    /// A time farther ahead than any pause is a clock that was set back.
    static let farthest: Int64 = 604_800

    /// Whether a source may be asked now.
    static func isDue(_ state: APISourceState, now: Int64) -> Bool {
        guard let notBefore = state.notBefore else { return true }
        return now >= notBefore || notBefore - now > farthest
    }

    /// What to ask with: validators of a list that was read in the same form.
    static func validators(_ state: APISourceState, form: String) -> (etag: String?, lastModified: String?) {
        state.form == form ? (state.etag, state.lastModified) : (nil, nil)
    }

    /// After a list, or after the word that the last one is still right (`urls` nil).
    static func listed(
        _ state: APISourceState, _ list: (urls: Int, etag: String?, lastModified: String?)?, form: String, now: Int64,
        cooldown: Int64
    ) -> APISourceState {
        var next = state
        if let list {
            (next.urls, next.etag, next.lastModified) = (list.urls, list.etag, list.lastModified)
            next.form = form
        }
        (next.lastTriedAt, next.lastListedAt, next.notBefore) = (now, now, now + cooldown)
        (next.failures, next.lastError, next.progress) = (0, nil, nil)
        return next
    }

    /// After a failure: the pause doubles each time, up to a day, and is never shorter than what the source asked for.
    static func failed(
        _ state: APISourceState, kind: String, retryAfter: Int64?, now: Int64, cooldown: Int64
    ) -> APISourceState {
        var next = state
        let failures = (state.failures ?? 0) + 1
        let grown = max(1, cooldown) << Int64(min(failures - 1, 20))
        let pause = min(max(grown, retryAfter ?? 0), max(longestPause, cooldown))
        (next.lastTriedAt, next.notBefore) = (now, now + pause)
        (next.failures, next.lastError) = (failures, kind)
        return next
    }

    /// How many relays of a list are stored already: those of the same list, when the process ended half way.
    static func done(_ state: APISourceState, digest: String) -> Int {
        guard let progress = state.progress, progress.digest == digest else { return 0 }
        return max(0, progress.done)
    }

    /// In the middle of a list: everything else stays as it was, so that the whole list is asked for again.
    static func halfWay(_ state: APISourceState, digest: String, done: Int) -> APISourceState {
        var next = state
        next.progress = APISourceState.Progress(digest: digest, done: done)
        return next
    }

    /// The states to keep: those of the given sources, in their order, with one replaced.
    static func merged(
        _ states: [APISourceState], _ changed: APISourceState, sources: [String]
    ) -> [APISourceState] {
        sources.compactMap { url in
            changed.url == url ? changed : states.first { $0.url == url }
        }
    }
}
