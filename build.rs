//! Tells programs that are built with the feature `torch` where libtorch is, so that they run with no environment variable.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=DEP_TCH_LIBTORCH_LIB");
    // Set by torch-sys, which looked for it at LIBTORCH (.cargo/config.toml); absent without the feature.
    #[expect(clippy::disallowed_methods, reason = "how cargo tells a build script of a dependency's")]
    let folder = std::env::var("DEP_TCH_LIBTORCH_LIB");
    if let Ok(folder) = folder {
        println!("cargo::rustc-link-arg=-Wl,-rpath,{folder}");
    }
}
