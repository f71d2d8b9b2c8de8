/// What this build is.
public enum BuildInfo {
    /// Version of all seven executables, printed by `--version`.
    public static let version = "0.1.0"
}
