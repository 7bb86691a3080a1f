use std::path::Path;
use std::process::Command;

/// Runs cargo at the root of the repository; what it builds goes where it does not disturb the build that runs the tests.
pub(crate) fn cargo<'a>(
    arguments: impl IntoIterator<Item = &'a str>,
    more: impl FnOnce(&mut Command),
) {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root()).args(arguments);
    more(&mut command);
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}
