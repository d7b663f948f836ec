internal import CYAML
internal import Model

/// One step of a YAML stream.
struct YAMLEvent {
    enum Kind {
        case streamStart, streamEnd, documentEnd, sequenceEnd, mappingEnd, alias
        case documentStart(hasTagDirectives: Bool)
        case scalar(String, isPlain: Bool, decoration: Decoration)
        /// A scalar over the budget; its text was not taken.
        case largeScalar
        case sequenceStart(Decoration)
        case mappingStart(Decoration)
    }
    struct Decoration {
        var hasAnchor: Bool
        var hasTag: Bool
    }
    var kind: Kind
    /// From 1.
    var line: Int
    var column: Int
    /// What `&name` or `*name` names; `nil` where the event has neither.
    var anchor: String?
}

/// Why libyaml gave up.
struct YAMLSyntaxError: Error {
    var message: String
    /// From 1; `nil` where only a byte is known.
    var place: (line: Int, column: Int)?
    var byte: Int
    /// Where it was not libyaml: what a reader of its events found.
    var found: Diagnostic?
}

/// libyaml's event parser over bytes in memory. Its state is on the heap, so nesting costs no stack.
@safe struct YAMLParser: ~Copyable {
    private let parser: UnsafeMutablePointer<yaml_parser_t>
    private let input: UnsafeMutableBufferPointer<UInt8>

    init(_ bytes: [UInt8]) throws(YAMLSyntaxError) {
        unsafe input = .allocate(capacity: bytes.count)
        _ = unsafe input.initialize(from: bytes)
        unsafe parser = .allocate(capacity: 1)
        guard unsafe yaml_parser_initialize(parser) == 1 else {
            unsafe parser.deallocate()
            unsafe input.deallocate()
            throw YAMLSyntaxError(message: "there is not enough memory to read it", place: nil, byte: 0)
        }
        unsafe yaml_parser_set_input_string(parser, input.baseAddress, input.count)
    }

    deinit {
        unsafe yaml_parser_delete(parser)
        unsafe parser.deallocate()
        unsafe input.deallocate()
    }

    mutating func next() throws(YAMLSyntaxError) -> YAMLEvent {
        var event = unsafe yaml_event_t()
        guard unsafe yaml_parser_parse(parser, &event) == 1 else { throw failure() }
        defer { unsafe yaml_event_delete(&event) }
        let mark = unsafe event.start_mark
        return unsafe YAMLEvent(
            kind: kind(of: event), line: Int(mark.line) + 1, column: Int(mark.column) + 1,
            anchor: anchor(of: event))
    }

    private func anchor(of event: yaml_event_t) -> String? {
        let name: UnsafeMutablePointer<yaml_char_t>?
        switch unsafe event.type {
        case YAML_ALIAS_EVENT: unsafe name = event.data.alias.anchor
        case YAML_SCALAR_EVENT: unsafe name = event.data.scalar.anchor
        case YAML_SEQUENCE_START_EVENT: unsafe name = event.data.sequence_start.anchor
        case YAML_MAPPING_START_EVENT: unsafe name = event.data.mapping_start.anchor
        default: return nil
        }
        return unsafe name.map { unsafe String(cString: $0) }
    }

    private func kind(of event: yaml_event_t) -> YAMLEvent.Kind {
        switch unsafe event.type {
        case YAML_STREAM_START_EVENT: return .streamStart
        case YAML_DOCUMENT_START_EVENT:
            let directives = unsafe event.data.document_start.tag_directives
            return .documentStart(hasTagDirectives: unsafe directives.start != directives.end)
        case YAML_DOCUMENT_END_EVENT: return .documentEnd
        case YAML_ALIAS_EVENT: return .alias
        case YAML_SCALAR_EVENT: return unsafe scalar(event)
        case YAML_SEQUENCE_START_EVENT:
            let start = unsafe event.data.sequence_start
            return .sequenceStart(unsafe .init(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_SEQUENCE_END_EVENT: return .sequenceEnd
        case YAML_MAPPING_START_EVENT:
            let start = unsafe event.data.mapping_start
            return .mappingStart(unsafe .init(hasAnchor: start.anchor != nil, hasTag: start.tag != nil))
        case YAML_MAPPING_END_EVENT: return .mappingEnd
        default: return .streamEnd
        }
    }

    private func scalar(_ event: yaml_event_t) -> YAMLEvent.Kind {
        let scalar = unsafe event.data.scalar
        guard unsafe scalar.length <= YAMLBudget.scalarInBytes else { return .largeScalar }
        let bytes = unsafe UnsafeBufferPointer(start: scalar.value, count: scalar.length)
        return .scalar(
            unsafe String(decoding: bytes, as: UTF8.self),
            isPlain: unsafe scalar.style == YAML_PLAIN_SCALAR_STYLE,
            decoration: unsafe .init(hasAnchor: scalar.anchor != nil, hasTag: scalar.tag != nil))
    }

    private func failure() -> YAMLSyntaxError {
        let problem = unsafe parser.pointee.problem.map { unsafe String(cString: $0) } ?? "it cannot be read"
        let context = unsafe parser.pointee.context.map { unsafe " " + String(cString: $0) } ?? ""
        guard unsafe parser.pointee.error != YAML_READER_ERROR else {
            return YAMLSyntaxError(
                message: problem, place: nil, byte: Int(clamping: unsafe parser.pointee.problem_offset))
        }
        let mark = unsafe parser.pointee.problem_mark
        return YAMLSyntaxError(
            message: problem + context, place: (Int(clamping: mark.line) + 1, Int(clamping: mark.column) + 1),
            byte: Int(clamping: mark.index))
    }
}
