import Glibc
import Synchronization

/// Databases of addresses that may be replaced while they are in use.
public final class GeoFiles: Sendable {
    /// What tells one file from the next at the same path.
    private struct Mark: Equatable {
        var (inode, bytes, seconds, nanoseconds): (UInt64, Int64, Int64, Int64)
    }

    private struct Slot {
        let path: String
        var mark: Mark?
        var file: GeoFile?
    }

    private let slots: Mutex<(city: Slot?, network: Slot?)>

    /// Nothing is opened before `refresh`.
    public init(cityPath: String?, networkPath: String?) {
        slots = Mutex((cityPath.map { Slot(path: $0) }, networkPath.map { Slot(path: $0) }))
    }

    /// The file of cities; nil without one.
    public var city: GeoFile? { slots.withLock { $0.city?.file } }
    /// The file of autonomous systems; nil without one.
    public var network: GeoFile? { slots.withLock { $0.network?.file } }

    /// Opens what is not open, and what is another file than before. Reads a few kilobytes.
    /// - Returns: why a file that replaces another cannot be read; the old one stays in use.
    /// - Throws: when there is no old one.
    public func refresh() throws(GeoFileError) -> [GeoFileError] {
        var (failures, first): ([GeoFileError], GeoFileError?) = ([], nil)
        slots.withLock { slots in
            for result in [Self.refresh(&slots.city), Self.refresh(&slots.network)] {
                guard let (failure, isUsable) = result else { continue }
                if isUsable { failures.append(failure) } else { first = first ?? failure }
            }
        }
        if let first { throw first }
        return failures
    }

    /// The failure, and whether there is an old file to go on with; nil when all is well.
    private static func refresh(_ slot: inout Slot?) -> (GeoFileError, isUsable: Bool)? {
        guard var changed = slot else { return nil }
        let mark = mark(of: changed.path)
        guard mark == nil || mark != changed.mark || changed.file == nil else { return nil }
        do throws(GeoFileError) {
            changed.file = try GeoFile(path: changed.path)
            changed.mark = mark
            slot = changed
            return nil
        } catch {
            return (error, changed.file != nil)
        }
    }

    private static func mark(of path: String) -> Mark? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        return Mark(
            inode: UInt64(information.st_ino), bytes: Int64(information.st_size),
            seconds: Int64(information.st_mtim.tv_sec), nanoseconds: Int64(information.st_mtim.tv_nsec))
    }
}
