//! The binary holds what `cargo xtask build` left in `target/site`.

fn main() {
    println!("cargo::rerun-if-changed=../target/site");
}
