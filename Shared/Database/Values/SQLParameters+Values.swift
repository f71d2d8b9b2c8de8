extension SQLParameters {
    /// Adds one value of any type.
    public mutating func append(_ value: SQLValue) {
        switch value {
        case .bool(let value): append(value)
        case .int2(let value): append(value)
        case .int4(let value): append(value)
        case .int8(let value): append(value)
        case .float8(let value): append(value)
        case .uuid(let value): append(value)
        case .timestamptz(let value): append(value)
        case .text(let value):
            check(value)
            append(value)
        case .bytea(let value): append(value.map(Bytea.init))
        case .jsonb(let value): append(value.map(JSONText.init))
        case .bools(let values): appendArray(values)
        case .int2s(let values): appendArray(values)
        case .int4s(let values): appendArray(values)
        case .int8s(let values): appendArray(values)
        case .float8s(let values): appendArray(values)
        case .uuids(let values): appendArray(values)
        case .timestamptzs(let values): appendArray(values)
        case .texts(let values):
            for value in values { check(value) }
            appendArray(values)
        case .byteas(let values):
            appendColumn(Bytea.self, count: values.count) { values[$0].map(Bytea.init) }
        case .jsonbs(let values):
            appendColumn(JSONText.self, count: values.count) { values[$0].map(JSONText.init) }
        case .tagSets(let values): appendTagSets(count: values.count) { values[$0] }
        }
    }

    private mutating func appendArray<Value: SQLEncodable>(_ values: [Value?]) {
        appendColumn(Value.self, count: values.count) { values[$0] }
    }

    private mutating func check(_ text: String?) {
        if let text, text.utf8.contains(0) { fail(.nul) }
    }
}
