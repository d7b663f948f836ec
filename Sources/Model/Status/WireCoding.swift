internal import FoundationEssentials

/// How the status model and the API's bodies stand in JSON: keys in snake case and in order, absent values left out.
///
/// The controller and the command line both use this one, so that what one writes the other reads. No wire type has
/// a key with two capitals in a row, which snake case would not give back.
public enum WireCoding {
    /// One line of JSON without a line end.
    ///
    /// - Throws: `EncodingError` where a value cannot be written in JSON.
    public static func encode(_ value: some Encodable, pretty: Bool = false) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting =
            pretty
            ? [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted] : [.sortedKeys, .withoutEscapingSlashes]
        return Array(try encoder.encode(value))
    }

    /// Unknown keys are passed over, so that an older reader understands a newer writer.
    ///
    /// - Throws: `DecodingError` where `bytes` is not JSON or not a `Value`.
    public static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws -> Value {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(type, from: Data(bytes))
    }
}
