extension String {
    /// Whether `part`, which is not empty, stands in it, byte by byte: the words of the simulated world are plain, and
    /// are searched all the time.
    func holds(_ part: String) -> Bool {
        let text = utf8.span
        let wanted = part.utf8.span
        guard wanted.count <= text.count else { return false }
        for start in 0...(text.count - wanted.count) where text[start] == wanted[0] {
            var length = 1
            while length < wanted.count, text[start + length] == wanted[length] { length += 1 }
            if length == wanted.count { return true }
        }
        return false
    }
}
