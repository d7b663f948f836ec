internal import CYAML

/// Writes trees through libyaml's emitter, which knows what must be quoted.
enum YAMLWriter {
    static func text(_ tree: SpecTree) -> String {
        let emitter = YAMLEmitter()
        unsafe emitter.emit { unsafe yaml_stream_start_event_initialize($0, YAML_UTF8_ENCODING) }
        unsafe emitter.emit { unsafe yaml_document_start_event_initialize($0, nil, nil, nil, 1) }
        emitter.emit(tree)
        unsafe emitter.emit { unsafe yaml_document_end_event_initialize($0, 1) }
        unsafe emitter.emit { unsafe yaml_stream_end_event_initialize($0) }
        return String(decoding: emitter.output, as: UTF8.self)
    }
}

/// The bytes that the emitter has written. The emitter's callback appends to them.
private final class EmitterOutput {
    var bytes: [UInt8] = []
}

private func append(
    _ context: UnsafeMutableRawPointer?, _ buffer: UnsafeMutablePointer<UInt8>?, _ size: Int
) -> Int32 {
    guard let context = unsafe context, let buffer = unsafe buffer else { return 0 }
    let output = unsafe Unmanaged<EmitterOutput>.fromOpaque(context).takeUnretainedValue()
    unsafe output.bytes.append(contentsOf: UnsafeBufferPointer(start: buffer, count: size))
    return 1
}

/// libyaml's emitter into memory. `output` outlives the emitter, which holds it without owning it.
@safe private final class YAMLEmitter {
    private let emitter: UnsafeMutablePointer<yaml_emitter_t>
    private let sink = EmitterOutput()

    var output: [UInt8] { sink.bytes }

    init() {
        unsafe emitter = .allocate(capacity: 1)
        precondition(unsafe yaml_emitter_initialize(emitter) == 1, "there is no memory for a YAML emitter")
        unsafe yaml_emitter_set_output(emitter, append, Unmanaged.passUnretained(sink).toOpaque())
        unsafe yaml_emitter_set_unicode(emitter, 1)
        unsafe yaml_emitter_set_width(emitter, -1)
        unsafe yaml_emitter_set_indent(emitter, 2)
    }

    deinit {
        unsafe yaml_emitter_delete(emitter)
        unsafe emitter.deallocate()
    }

    func emit(_ make: (UnsafeMutablePointer<yaml_event_t>) -> Int32) {
        var event = unsafe yaml_event_t()
        let isMade = unsafe make(&event) == 1
        // The emitter takes the event over and frees it, also when it fails. What we emit is balanced and UTF-8, so
        // neither step fails but for want of memory.
        let isEmitted = unsafe isMade && yaml_emitter_emit(emitter, &event) == 1
        precondition(isEmitted, "YAML could not be written")
    }

    /// Recursion is bounded by the depth of the spec's own structure.
    func emit(_ tree: SpecTree) {
        switch tree {
        case .text(let text): scalar(text, isQuoted: YAMLEmitter.needsQuotes(text))
        case .literal(let text): scalar(text, isQuoted: false)
        case .list(let items):
            let style = items.allSatisfy(\.isScalar) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE
            unsafe emit { unsafe yaml_sequence_start_event_initialize($0, nil, nil, 1, style) }
            for item in items { emit(item) }
            unsafe emit { unsafe yaml_sequence_end_event_initialize($0) }
        case .map(let entries):
            let style = entries.isEmpty ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE
            unsafe emit { unsafe yaml_mapping_start_event_initialize($0, nil, nil, 1, style) }
            for entry in entries {
                scalar(entry.key, isQuoted: YAMLEmitter.needsQuotes(entry.key))
                emit(entry.value)
            }
            unsafe emit { unsafe yaml_mapping_end_event_initialize($0) }
        }
    }

    private func scalar(_ text: String, isQuoted: Bool) {
        // Where a literal block cannot hold the text, the library takes quotes by itself.
        let plain = text.utf8.contains(UInt8(ascii: "\n")) ? YAML_LITERAL_SCALAR_STYLE : YAML_ANY_SCALAR_STYLE
        let style = isQuoted ? YAML_DOUBLE_QUOTED_SCALAR_STYLE : plain
        let bytes = Array(text.utf8)
        unsafe emit { event in
            unsafe bytes.withUnsafeBufferPointer { bytes in
                // The library copies the text, and wants a place even for none of it.
                var empty: UInt8 = 0
                return unsafe withUnsafePointer(to: &empty) { empty in
                    unsafe yaml_scalar_event_initialize(
                        event, nil, nil, bytes.baseAddress ?? empty, Int32(clamping: bytes.count), 1, 1, style
                    )
                }
            }
        }
    }

    /// Whether text would be read as something else without quotes, here or by readers of older YAML.
    private static func needsQuotes(_ text: String) -> Bool {
        if PlainScalar.kind(of: text) != .text || text == "<<" || text == "=" { return true }
        if ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased()) { return true }
        // Times and numbers in the base 60 of older YAML, and what begins like a number.
        return text.utf8.first.map { isDigit($0) } == true
            && text.utf8.allSatisfy { isDigit($0) || ":_-.".utf8.contains($0) }
    }
}
