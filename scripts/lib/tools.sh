# Tools that tests need and Debian does not have. Sourced by the other scripts; the working directory is the
# repository's root.

tools_directory=.build/tools

# Installs the validator of JSON Schema into a virtual environment of its own, once per version.
ensure_tools() {
    local version=0.37.0
    local environment="$tools_directory/venv"
    local stamp="$environment/check-jsonschema-$version"
    if [ -e "$stamp" ]; then return 0; fi
    echo "installing check-jsonschema $version into $environment" >&2
    mkdir -p "$tools_directory"
    python3 -m venv "$environment"
    "$environment/bin/pip" install --quiet --disable-pip-version-check "check-jsonschema==$version"
    touch "$stamp"
}
