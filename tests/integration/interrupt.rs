//! Killed, stopped, or two at once: nothing half-done looks done, and nothing finished is made again.

use crate::house::{House, image};
use augmint::pixels::{Encoding, Image, Size};
use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

/// Eight shards of 600 tiny samples.
fn many(copies: u32) -> House {
    let house = House::with_folders(&[("a", 12), ("b", 12)]);
    let recipe = format!(
        "name = \"t\"\n[source]\nfolders = \"images\"\n[amount]\ncopies = {copies}\n[[step]]\nop.rotate = {{ degrees = \
         [-180, 180] }}\n[[step]]\nop.gaussian_noise = {{ sigma = [1, 30] }}\nchance = 0.5\n[output]\nfit.within = {{ \
         width = 16, height = 16 }}\n"
    );
    house.write("recipe.toml", recipe.as_bytes());
    house
}

/// Inode and time of every finished shard: both change when it is made again.
fn finished(house: &House) -> BTreeMap<PathBuf, (u64, i64, i64)> {
    let stat = |path: PathBuf| {
        let meta = std::fs::metadata(&path).unwrap();
        (path, (meta.ino(), meta.mtime(), meta.mtime_nsec()))
    };
    house.shards().into_iter().map(stat).collect()
}

/// Waits until the store has a finished shard; false if the build ended first.
fn wait_for_a_shard(house: &House, child: &mut Child) -> bool {
    while house.shards().is_empty() {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    child.try_wait().unwrap().is_none()
}

#[test]
fn killed_at_any_moment_a_build_goes_on_where_it_was() {
    let undisturbed = many(200);
    let started = Instant::now();
    let digest = undisturbed.build("");
    let took = started.elapsed();

    let house = many(200);
    let mut kept: BTreeMap<PathBuf, (u64, i64, i64)> = BTreeMap::new();
    for moment in 1..8 {
        let mut child = house.command("build recipe.toml").spawn().unwrap();
        std::thread::sleep(took * moment / 16);
        child.kill().unwrap();
        let ended = child.wait().unwrap();
        let now = finished(&house);
        for (shard, stat) in &kept {
            assert_eq!(now.get(shard), Some(stat), "{} was made again", shard.display());
        }
        kept = now;
        if ended.success() {
            break;
        }
        // The record is written before the tag and after all else: without it there is no version.
        if !house.path("datasets/t/records").exists() {
            assert_eq!(house.ok("list"), "no versions yet\n");
        }
    }
    let answer = house.json("build recipe.toml");
    assert_eq!(answer["digest"], digest);
    assert_eq!(answer["taken_over"].as_u64().unwrap() + answer["rendered"].as_u64().unwrap(), 4800);
    let now = finished(&house);
    assert!(kept.iter().all(|(shard, stat)| now.get(shard) == Some(stat)));
    house.ok("verify t@v1");
    let left = crate::house::files(&house.path("datasets/.store/shards"));
    assert!(left.iter().all(|path| !path.file_name().unwrap().to_str().unwrap().starts_with('.')), "{left:?}");
}

#[test]
fn killed_after_a_shard_it_is_taken_over() {
    // The build may be done before the kill, on a machine that is busy: then once more.
    for _ in 0..5 {
        let house = many(200);
        let mut child = house.command("build recipe.toml --threads 1").spawn().unwrap();
        let running = wait_for_a_shard(&house, &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        if !running || house.path("datasets/t/records").exists() {
            continue;
        }
        let kept = finished(&house).len();
        let ran = house.run("build recipe.toml --json");
        let answer: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        let (taken, rendered) = (answer["taken_over"].as_u64().unwrap(), answer["rendered"].as_u64().unwrap());
        assert!(taken > 0 && taken + rendered == 4800, "{answer}");
        let said =
            format!("{kept} of {} shards are there already and are taken over ({taken} samples)", answer["shards"]);
        assert!(ran.stderr.contains(&said), "{said}: {}", ran.stderr);
        assert_eq!(answer["digest"], many(200).build("--threads 2"));
        return;
    }
    panic!("five builds were done before they could be killed");
}

#[test]
fn ctrl_c_ends_a_build_soon_and_says_what_is_kept() {
    let house = many(4000);
    let mut child = house.command("build recipe.toml").spawn().unwrap();
    assert!(wait_for_a_shard(&house, &mut child), "the build is too short to be stopped");
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = house.ran(child.wait_with_output().unwrap());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    let kept = house.shards().len();
    let lines: Vec<&str> = ran.stderr.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(
        lines,
        [
            "stopping: finished shards are kept; Ctrl-C again ends at once",
            &format!(
                "x stopped: {kept} of 128 missing shards were finished and are kept; the same command goes on from there"
            )
        ]
    );
    assert_eq!(house.ok("list"), "no versions yet\n");
}

/// Reading the sources of a large folder takes longer than anyone waits: Ctrl-C used to be obeyed only after it.
#[test]
fn ctrl_c_ends_the_reading_of_sources_too() {
    let house = House::new();
    let small = image("large");
    let large = Image::from_fn(Size::new(4000, 3000), |x, y| small.pixel(x * 60 / 4000, y * 40 / 3000));
    house.write("images/a/0.png", &Encoding::Png.encode(&large).unwrap());
    for number in 1..24 {
        std::fs::hard_link(house.path("images/a/0.png"), house.path(&format!("images/a/{number}.png"))).unwrap();
    }
    house.recipe("[amount]\ncopies = 2\n");
    let mut child = house.command("build recipe.toml").spawn().unwrap();
    wait_for_the_handler(&mut child);
    std::thread::sleep(Duration::from_millis(100));
    let asked = Instant::now();
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let ran = house.ran(child.wait_with_output().unwrap());
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert_eq!(ran.stderr, "stopped: nothing half-done is left, and what was finished before is kept\n");
    assert!(!house.path("datasets").exists(), "something was written");
}

/// Waits until the process catches SIGINT (the second bit of the mask that the kernel shows).
fn wait_for_the_handler(child: &mut Child) {
    loop {
        assert!(child.try_wait().unwrap().is_none(), "it ended before it listened");
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap();
        if u64::from_str_radix(mask.trim(), 16).unwrap() & 2 != 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn a_second_build_is_told_who_holds_the_lock_and_waits_unless_told_not_to() {
    let house = many(4000);
    let mut child = house.command("build recipe.toml").spawn().unwrap();
    assert!(wait_for_a_shard(&house, &mut child), "the build is too short");
    let pid = child.id();
    let error = house.error("build recipe.toml --no-wait");
    let mut lines = error.lines();
    let first = lines.next().unwrap();
    let start = format!("another process is at work in this store: build by process {pid} on ");
    assert!(first.starts_with(&start) && first.contains(", since 20"), "{error}");
    assert_eq!(lines.next(), Some("help: wait for it, or end it: what it finished is kept"));

    let mut second = house.command("build recipe.toml").spawn().unwrap();
    let mut told = BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    told.read_line(&mut line).unwrap();
    let waits = format!("waiting for another process in this store: build by process {pid} on ");
    assert!(line.starts_with(&waits), "{line}");
    assert!(second.try_wait().unwrap().is_none(), "the second build did not wait");
    // The kernel frees the lock of a process that dies, and the next one goes on.
    child.kill().unwrap();
    child.wait().unwrap();
    let before = house.shards().len();
    let started = Instant::now();
    while house.shards().len() <= before && started.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(house.shards().len() > before, "the second build never started");
    kill_process(Pid::from_child(&second), Signal::INT).unwrap();
    assert_eq!(second.wait().unwrap().code(), Some(2));
}
