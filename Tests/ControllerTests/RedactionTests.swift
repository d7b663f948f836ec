@testable import Controller
import Model
import Testing

/// What an app printed before it died goes into git for ever: not with its secrets.
@Suite struct RedactionTests {
    @Test(arguments: [
        (
            "connect to postgres://shop:hunter2@db:5432/shop failed",
            "connect to postgres://***@db:5432/shop failed"
        ),
        ("GET /login?user=anna&token=abc123&x=1 500", "GET /login?user=anna&token=***&x=1 500"),
        ("password=hunter2;retries=3", "password=***;retries=3"),
        ("DB_PASSWORD: hunter2", "DB_PASSWORD: ***"),
        ("the key: value store", "the key: value store"),
        ("password: hunter2 is wrong", "password: *** is wrong"),
        ("Authorization: Bearer abc.def", "Authorization: *** ***"),
        ("bearer abc", "bearer ***"),
        ("using ghp_0123456789abcdef now", "using *** now"),
        ("key eyJhbGciOi.eyJzdWIi.x", "key ***"),
        ("-----BEGIN PRIVATE KEY----- MIIE", "***"),
        ("web exited 1 ×3 in 12 s", "web exited 1 ×3 in 12 s"),
        ("GET /health answered 500", "GET /health answered 500"),
        ("", ""), ("=", "="), ("://", "://"), ("@", "@"), ("a=b=c", "a=b=c"), ("token=", "token=")
    ])
    func foreignText(text: String, shown: String) { #expect(Redaction.hide(text) == shown) }

    @Test func valuesOfVariablesThatAreNamedLikeSecrets() throws {
        let spec = AppSpec(
            name: try #require(AppName("shop")), project: try #require(ProjectName("retail")), image: "a",
            env: [
                "STRIPE_KEY": "sk-7-sentinel", "LOG_LEVEL": "info", "PIN_SECRET": "123",
                "DB_DSN": "long-sentinel-dsn"
            ],
            processes: [])
        let secrets = Redaction.secrets(of: [spec])
        #expect(secrets == ["long-sentinel-dsn", "sk-7-sentinel"])
        #expect(
            Redaction.hide("no access with sk-7-sentinel(sk-7-sentinel) at info", secrets: secrets)
                == "no access with ***(***) at info")
    }
}
