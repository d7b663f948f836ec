/// The rules that are looked at after everything that happens.
public enum Checkers {
    public static var all: [any Checker.Type] { [] }
}
