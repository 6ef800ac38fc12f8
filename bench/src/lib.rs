//! What the measuring program and the scripted model share.

/// Lets this process open as many files as the system allows it: each connection is one.
#[cfg(unix)]
pub fn allow_many_connections() {
    use rustix::process::{Resource, getrlimit, setrlimit};

    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it is not allowed, the measurement that needs it fails and says so.
    setrlimit(Resource::Nofile, limit).ok();
}

/// Other systems have no such limit.
#[cfg(not(unix))]
pub fn allow_many_connections() {}
