//! `kaos contain`: what a local process may not do.

use std::{path::Path, process::Stdio, time::Duration};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    time::timeout,
};

use crate::kaos::DEADLINE;

/// A folder with secrets, and the folders of a process inside of it.
struct House {
    data: TempDir,
    outside: TempDir,
}

/// What became of a process.
#[derive(Debug)]
struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

/// Python itself: what `PATH` calls so may be a script that starts it.
fn python() -> String {
    let told = std::process::Command::new("python3")
        .args(["-c", "import sys; print(sys.executable, end='')"])
        .output();
    String::from_utf8(told.unwrap().stdout).unwrap()
}

impl House {
    fn new() -> Self {
        let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(data.path().join("secret"), "canary").unwrap();
        std::fs::write(outside.path().join("public"), "hello").unwrap();
        for folder in ["work", "home"] {
            std::fs::create_dir(data.path().join(folder)).unwrap();
        }
        Self { data, outside }
    }

    fn path(&self) -> &Path {
        self.data.path()
    }

    fn bounds(&self, code: &str) -> Value {
        json!({
            "argv": ["/bin/sh", "-c", format!("exec {} -c '{code}'", python())],
            "work": self.path().join("work"),
            "home": self.path().join("home"),
            "hidden": self.path().canonicalize().unwrap(),
            "writes": "Nowhere",
            "limits": {"memory": 200 << 20, "processes": 10, "open_files": 64,
                "file_bytes": 1 << 20, "cpu_seconds": 20},
        })
    }

    fn command(bounds: &Value) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kaos"));
        command
            .args(["contain", &bounds.to_string()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs Python within bounds, to its end.
    async fn python(&self, code: &str) -> Ended {
        self.run(&self.bounds(code)).await
    }

    async fn run(&self, bounds: &Value) -> Ended {
        let output = timeout(DEADLINE, Self::command(bounds).output());
        let output = output.await.expect("it ends in time").unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

#[tokio::test]
async fn a_process_ends_with_its_own_code_and_says_what_it_says() {
    let house = House::new();
    let ended = house
        .python("import sys; print(\"out\"); print(\"err\", file=sys.stderr); sys.exit(3)")
        .await;
    assert_eq!(ended.code, Some(3), "{ended:?}");
    assert_eq!(ended.stdout, "out\n");
    assert_eq!(ended.stderr.lines().last(), Some("err"));
}

#[tokio::test]
async fn it_works_in_a_folder_of_its_own_and_sees_no_data_of_ours() {
    let house = House::new();
    let code = format!(
        r#"
import os
print(os.getcwd() == "{data}/work", os.listdir("."))
open("own", "w").write("x")
open("{data}/home/kept", "w").write("x")
print(open("{outside}/public").read())
for attempt in (
    lambda: open("{data}/secret"),
    lambda: os.listdir("{data}"),
    lambda: open("{data}/new", "w"),
    lambda: open("../secret"),
    lambda: os.symlink("{data}/secret", "link") or open("link"),
    lambda: open("{outside}/written", "w"),
    lambda: open("/proc/{kaos}/environ").read(),
    lambda: os.kill({kaos}, 0),
):
    try:
        print("it could", attempt())
    except PermissionError:
        print("refused")
"#,
        data = house.path().canonicalize().unwrap().display(),
        outside = house.outside.path().display(),
        kaos = std::process::id(),
    );
    let ended = house.python(&code).await;
    let mut lines = ended.stdout.lines();
    assert_eq!(lines.next(), Some("True []"), "{ended:?}");
    assert_eq!(lines.next(), Some("hello"), "{ended:?}");
    let rest: Vec<_> = lines.collect();
    assert_eq!(rest, ["refused"; 8], "{ended:?}");
}

#[tokio::test]
async fn a_command_may_write_where_it_may_read() {
    let house = House::new();
    let written = house.outside.path().join("written");
    let mut bounds = house.bounds(&format!(
        "open(\"{}\", \"w\").write(\"x\")",
        written.display()
    ));
    bounds["writes"] = json!("Anywhere");
    let ended = house.run(&bounds).await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(written.is_file());
}

#[tokio::test]
async fn a_process_that_multiplies_is_ended_with_all_its_kind() {
    let house = House::new();
    let marker = format!("bomb-{}", std::process::id());
    // They leave the group and the session, and give themselves a name.
    let code = format!(
        r#"
import os
while True:
    if os.fork() == 0:
        os.setsid()
        os.execvp("sh", ["{marker}", "-c", "while :; do sleep 1000 & wait; done"])
"#
    );
    let ended = house.python(&code).await;
    assert!(
        ended
            .stderr
            .contains("kaos ended it: it had more than 10 processes"),
        "{ended:?}"
    );
    assert_eq!(processes(&marker), 0);
}

#[tokio::test]
async fn a_process_that_takes_memory_is_refused_it_and_many_are_ended() {
    let house = House::new();
    let alone = house.python("x = bytearray(500 << 20)").await;
    assert!(alone.stderr.contains("MemoryError"), "{alone:?}");
    let code = r"
import os, time
for _ in range(4):
    if os.fork() == 0:
        x = bytearray(os.urandom(1 << 20) * 90)
        time.sleep(600)
time.sleep(600)
";
    let together = house.python(code).await;
    assert!(
        together
            .stderr
            .contains("kaos ended it: it used more than 200 MiB of memory"),
        "{together:?}"
    );
}

#[tokio::test]
async fn files_and_cpu_time_have_an_end() {
    let house = House::new();
    let file = house
        .python("open(\"large\", \"wb\").write(bytes(2 << 20))")
        .await;
    assert!(file.stderr.contains("File too large"), "{file:?}");
    let many = house
        .python("files = [open(\"/dev/null\") for _ in range(100)]")
        .await;
    assert!(many.stderr.contains("Too many open files"), "{many:?}");
    let mut loops = house.bounds("while True: pass");
    loops["limits"]["cpu_seconds"] = json!(1);
    let loops = house.run(&loops).await;
    assert!(
        loops
            .stderr
            .contains("kaos ended it: it used more than 1 s of CPU time"),
        "{loops:?}"
    );
}

#[tokio::test]
async fn what_cannot_be_run_says_so() {
    let house = House::new();
    let mut bounds = house.bounds("");
    bounds["argv"] = json!(["/nowhere/to/be/found"]);
    let ended = house.run(&bounds).await;
    assert_eq!(ended.code, Some(127));
    assert!(
        ended.stderr.contains("/nowhere/to/be/found cannot be run"),
        "{ended:?}"
    );
}

/// A process that starts another, far from it, and then waits.
async fn with_a_grandchild(house: &House, marker: &str) -> tokio::process::Child {
    let code = format!(
        r#"
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execvp("sh", ["{marker}", "-c", "while :; do sleep 1000 & wait; done"])
    os._exit(0)
os.wait()
print("ready", flush=True)
time.sleep(600)
"#
    );
    let mut child = House::command(&house.bounds(&code)).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let ready = timeout(DEADLINE, lines.next_line()).await.unwrap();
    assert_eq!(ready.unwrap().as_deref(), Some("ready"));
    until_there_are(1, marker).await;
    child
}

#[tokio::test]
async fn asked_to_end_it_leaves_nothing_behind() {
    let house = House::new();
    let marker = format!("asked-{}", std::process::id());
    let mut child = with_a_grandchild(&house, &marker).await;
    let pid = child.id().unwrap().to_string();
    let told = Command::new("kill").args(["-TERM", &pid]).status();
    assert!(told.await.unwrap().success());
    timeout(DEADLINE, child.wait()).await.unwrap().unwrap();
    assert_eq!(processes(&marker), 0);
}

#[tokio::test]
async fn when_its_parent_is_gone_it_leaves_nothing_behind() {
    let house = House::new();
    let marker = format!("orphan-{}", std::process::id());
    let bounds = house.bounds(&format!(
        "import os; os.execvp(\"sh\", [\"{marker}\", \"-c\", \"while :; do sleep 1000 & wait; done\"])"
    ));
    // A shell between us and it, which is then killed.
    let script = format!("'{}' contain \"$0\" & wait", env!("CARGO_BIN_EXE_kaos"));
    let mut parent = Command::new("sh")
        .args(["-c", &script, &bounds.to_string()])
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    until_there_are(1, &marker).await;
    parent.kill().await.unwrap();
    until_there_are(0, &marker).await;
}

/// How many processes have this name.
fn processes(marker: &str) -> usize {
    let all = std::fs::read_dir("/proc").unwrap().flatten();
    all.filter(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        line.starts_with(marker.as_bytes())
    })
    .count()
}

async fn until_there_are(expect: usize, marker: &str) {
    let waiting = async {
        while processes(marker) != expect {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(DEADLINE, waiting)
        .await
        .expect("it happens in time");
}
