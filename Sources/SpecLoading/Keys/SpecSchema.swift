/// The JSON Schema (2020-12) of the spec, made of the table of keys.
public enum SpecSchema {
    static let namePattern = "^[a-z]([a-z0-9-]{0,38}[a-z0-9])?$"
    static let containerPathPattern =
        "^(?!/(proc|sys|dev)(/|$))(/(?!\\.{1,2}(/|$))[^/\\x00-\\x1f\\x7f]+)+$"
    private static let hostPattern =
        "^(\\*\\.)?[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$"
    private static let durationPattern =
        "^(?=[0-9])([0-9]{1,15}h)?([0-9]{1,15}m)?([0-9]{1,15}s)?([0-9]{1,15}ms)?$"
    private static let imagePattern =
        "^((([A-Za-z0-9-]+\\.)+[A-Za-z0-9-]+|localhost|[A-Za-z0-9-]+(?=:[0-9]+/))(:[0-9]{1,5})?/)?"
        + "[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*"
        + "(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@sha256:[0-9a-f]{64})?$"

    /// The text of `schemas/app.schema.json`.
    public static func text() -> String { document.text() + "\n" }

    private static var document: JSONText {
        .object([
            ("$schema", .string("https://json-schema.org/draft/2020-12/schema")),
            ("title", .string("Slipway app spec")),
            ("description", .string("One app. Generated from the table of keys; see docs/spec.md.")),
            ("type", .string("object")),
            ("if", .object([("anyOf", .array([requiring("extends"), requiring("x-base")]))])),
            // What is merged over a base, or is one, is judged after the merge, which a schema cannot see.
            (
                "then",
                .object([
                    (
                        "propertyNames",
                        .object([
                            (
                                "anyOf",
                                .array([
                                    .object([("enum", .strings(children(of: "").map(\.name)))]),
                                    .object([("pattern", .string("^x-"))])
                                ])
                            )
                        ])
                    )
                ])
            ),
            ("else", .object([("$ref", .string("#/$defs/app"))])),
            ("$defs", .object([("app", app)]))
        ])
    }

    private static func requiring(_ key: String) -> JSONText { .object([("required", .strings([key]))]) }
    private static func refusing(_ keys: [String]) -> JSONText {
        .object([("properties", .object(keys.map { ($0, .boolean(false)) }))])
    }

    private static func children(of parent: String) -> [SpecKey] {
        SpecKeys.all.filter { $0.parent == parent && $0.name != "*" }
    }

    private static var app: JSONText {
        guard case .object(let members) = object(at: "") else { return .boolean(true) }
        let refusedBesideProcesses = SpecKeys.shorthandNames.map { ($0, JSONText.boolean(false)) }
        let volumes = ("volumes", JSONText.object([("type", .string("object"))]))
        return .object(
            members + [
                ("if", requiring("processes")),
                ("then", .object([("properties", .object(refusedBesideProcesses + [volumes]))]))
            ])
    }

    private static func object(at path: String) -> JSONText {
        let keys = children(of: path)
        var members: [(String, JSONText)] = [
            ("type", .string("object")),
            ("properties", .object(keys.map { ($0.name, property($0)) })),
            ("patternProperties", .object([("^x-", .boolean(true))])),
            ("additionalProperties", .boolean(false))
        ]
        let required = keys.filter(\.isRequired).map(\.name)
        if !required.isEmpty { members.append(("required", .strings(required))) }
        return .object(members + rules(at: path))
    }

    /// What a schema can say about keys beside each other.
    private static func rules(at path: String) -> [(String, JSONText)] {
        switch path.split(separator: ".").last {
        case "healthcheck":
            [
                ("oneOf", .array(["path", "tcp", "grpc", "command"].map(requiring))),
                (
                    "dependentSchemas",
                    .object([
                        ("host", requiring("path")), ("command", refusing(["port"]))
                    ])
                )
            ]
        case "analysis[]":
            [
                ("oneOf", .array(["metric", "command", "http", "prometheus"].map(requiring))),
                (
                    "dependentRequired",
                    .object([
                        ("metric", .strings(["max"])), ("max", .strings(["metric"])),
                        ("compare", .strings(["metric"])), ("min_requests", .strings(["metric"])),
                        ("on_insufficient", .strings(["metric"])), ("tolerance", .strings(["compare"]))
                    ])
                ),
                ("dependentSchemas", .object([("metric", refusing(["every", "failures"]))]))
            ]
        case "canary_match": [("oneOf", .array(["header", "cookie"].map(requiring)))]
        case "deploy":
            [
                (
                    "allOf",
                    .array([
                        only(with: ["canary"], ["steps"]),
                        only(with: ["canary", "blue_green"], ["bake", "analysis", "canary_match", "preview"])
                    ])
                )
            ]
        default: []
        }
    }

    /// Keys that belong to some strategies of `deploy` only.
    private static func only(with strategies: [String], _ keys: [String]) -> JSONText {
        .object([
            (
                "if",
                .object([
                    ("properties", .object([("strategy", .object([("enum", .strings(strategies))]))])),
                    ("required", .strings(["strategy"]))
                ])
            ),
            ("else", refusing(keys))
        ])
    }

    private static func property(_ key: SpecKey) -> JSONText {
        guard case .object(let members) = fragment(key.type, at: key.path) else { return .boolean(true) }
        return .object([("description", .string(key.description))] + members)
    }

    private static func pattern(_ text: String) -> JSONText {
        .object([("type", .string("string")), ("pattern", .string(text))])
    }

    private static func integer(_ range: ClosedRange<Int>) -> JSONText {
        .object([
            ("type", .string("integer")), ("minimum", .integer(range.lowerBound)),
            ("maximum", .integer(range.upperBound))
        ])
    }

    private static func fragment(_ type: SpecType, at path: String) -> JSONText {
        switch type {
        case .name: pattern(namePattern)
        case .image: pattern(imagePattern)
        case .text: .object([("type", .string("string"))])
        case .boolean: .object([("type", .string("boolean"))])
        case .duration: pattern(durationPattern)
        case .size:
            .object([
                (
                    "anyOf",
                    .array([
                        pattern("^[0-9]+(\\.[0-9]{1,9})?([kKmMgGtT]([iI]?[bB])?|[bB])?$"),
                        integer(6_291_456...70_368_744_177_664)
                    ])
                )
            ])
        case .cpus:
            .object([
                (
                    "anyOf",
                    .array([
                        .object([
                            ("type", .string("number")), ("exclusiveMinimum", .integer(0)),
                            ("maximum", .integer(1_024))
                        ]),
                        pattern("^[0-9]+(\\.[0-9]{1,9})?$")
                    ])
                )
            ])
        case .integer(let range): integer(range)
        case .portion: .object([("anyOf", .array([integer(0...1_000), pattern("^(0*[0-9]{1,2}|0*100)%$")]))])
        case .percent: pattern("^[0-9]+%$")
        case .choice(let words): .object([("enum", .strings(words))])
        case .relativePath: pattern("^[^/\\x00-\\x1f].*[^/]$|^[^/.\\x00-\\x1f]$")
        case .absolutePath: pattern(containerPathPattern)
        case .mount:
            pattern("^[a-z]([a-z0-9-]{0,38}[a-z0-9])?:(/(?!\\.{1,2}(/|:|$))[^/:\\x00-\\x1f]+)+(:(ro|rw))?$")
        case .capability: pattern("^(?!CAP_|ALL$)[A-Z][A-Z_]{2,39}$")
        case .hostPath:
            pattern(
                "^(/(?!\\.{1,2}(/|:|$))[^/:\\x00-\\x1f]+)+:(/(?!\\.{1,2}(/|:|$))[^/:\\x00-\\x1f]+)+(:(ro|rw))?$"
            )
        case .hostPort: pattern("^([0-9]{1,3}(\\.[0-9]{1,3}){3}:)?[0-9]{1,5}:[0-9]{1,5}(/(tcp|udp))?$")
        case .host: pattern(hostPattern)
        case .schedule:
            pattern(
                "^[ \\t]*([0-9A-Za-z*,/-]+[ \\t]+){4}[0-9A-Za-z*,/-]+[ \\t]*$"
                    + "|^[ \\t]*@(hourly|daily|midnight|weekly|monthly|yearly|annually)[ \\t]*$")
        case .timezone: pattern("^[A-Za-z][A-Za-z0-9_/+-]{0,63}$")
        case .nodeLabel: pattern("^[A-Za-z0-9][A-Za-z0-9_./-]{0,127}$")
        case .constraint: pattern("^[A-Za-z0-9][A-Za-z0-9_./-]*[!=]=[A-Za-z0-9][A-Za-z0-9_./-]*$")
        case .secretName: pattern("^[A-Za-z_][A-Za-z0-9_]{0,255}$")
        case .urlPath: pattern("^/[!-\"$-~]*$")
        case .authority: pattern("^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?$")
        case .grpcService: pattern("^[A-Za-z_][A-Za-z0-9_]*(\\.[A-Za-z_][A-Za-z0-9_]*)*$")
        case .passwordHash: pattern("^\\$[56]\\$[A-Za-z0-9_./$=]{17,253}$")
        case .network:
            pattern(
                "^([0-9]{1,3}(\\.[0-9]{1,3}){3}(/[0-9]{1,2})?|[0-9A-Fa-f]{0,4}(:[0-9A-Fa-f]{0,4}){2,7}(/[0-9]{1,3})?)$"
            )
        case .token: pattern("^[A-Za-z0-9_-]{1,64}$")
        case .tokenValue: pattern("^[A-Za-z0-9_.-]{1,128}$")
        case .limit: pattern("^[0-9]+(\\.[0-9]{1,9})?%$|\(durationPattern)")
        case .variable: .object([("type", .strings(["string", "number", "boolean"]))])
        case .only(let flag): .object([("const", .boolean(flag))])
        case .list(let item, let least, let most):
            .object([
                ("type", .string("array")), ("items", fragment(item, at: "\(path)[]")),
                ("minItems", .integer(least)),
                ("maxItems", .integer(most))
            ])
        case .object: object(at: path)
        case .map(let keys, let value, let least):
            .object([
                ("type", .string("object")), ("propertyNames", .object([("pattern", .string(keys.pattern))])),
                ("additionalProperties", mapValue(value, at: "\(path).*")), ("minProperties", .integer(least))
            ])
        case .either(let types): .object([("anyOf", .array(types.map { fragment($0, at: path) }))])
        case .anything: .object([("not", .object([]))])
        }
    }

    /// A volume may be declared by its name alone.
    private static func mapValue(_ type: SpecType, at path: String) -> JSONText {
        let value = fragment(type, at: path)
        guard path == "volumes.*" else { return value }
        return .object([("anyOf", .array([value, .object([("type", .string("null"))])]))])
    }
}
