/// Levels of JSON in what others send; an object or list is one, and what it holds the next.
public enum JSONDepth {
    /// Most levels that are read of a document, or of a message around its event, where no setting says otherwise; the
    /// default of `limits.json_depth`.
    public static let usual = 16
}
