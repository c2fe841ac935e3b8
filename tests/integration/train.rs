//! Training end to end, on a version of tiny images: pinned, stored or streamed alike, stopped and gone on with to the same
//! weights, and answers that a contest takes. With libtorch; what a build without it says is at the end.

use crate::house::House;
#[cfg(feature = "torch")]
use serde_json::Value;

/// Three classes, split and with noisy validation; gives the house and the digest.
pub fn trained_house(split: &str) -> (House, String) {
    let house = House::with_folders(&[("a", 12), ("b", 12), ("다", 12)]);
    house.write("validation.toml", b"name = \"validation\"\nseed = 5\n[[step]]\nop.gaussian_noise = { sigma = [5, 30] }\n[output]\nfit.within = { width = 40, height = 40 }\nencode.jpeg = { quality = 90 }\n");
    house.recipe(&format!(
        "[split]\n{split}\nnoisy_val = {{ recipe = \"validation.toml\", copies = 2 }}\n[amount]\ncopies = 4\n[[step]]\nop.mixup = {{ alpha = 0.4 }}\nchance = 0.3\n"
    ));
    let digest = house.build("--tag v1");
    (house, digest)
}

/// A configuration of a small network at 32 px; `more` may be any settings.
pub fn config(house: &House, digest: &str, more: &str) {
    let text = format!(
        "version = \"t@{digest}\"\nepochs = 2\nbatch = 8\nlearning_rate = 0.01\nthreads = 1\n{more}\n[model]\narchitecture = \"squeezenet1_1\"\n[input]\nsize = 32\n"
    );
    house.write("train.toml", text.as_bytes());
}

#[cfg(feature = "torch")]
pub mod with_libtorch {
    use super::*;
    use augmint::train::torch::checkpoint;
    use std::path::PathBuf;
    use tch::Tensor;

    pub fn train(house: &House, options: &str) -> PathBuf {
        let answer = house.json(&format!("train train.toml {options}"));
        house.path(answer["path"].as_str().unwrap())
    }

    /// Every tensor of the last checkpoint.
    fn tensors(run: &std::path::Path) -> Vec<(String, Tensor)> {
        checkpoint::read(&run.join("last.safetensors")).unwrap().tensors.into_iter().collect()
    }

    fn same(a: &[(String, Tensor)], b: &[(String, Tensor)]) {
        assert_eq!(a.len(), b.len());
        for ((name, a), (other, b)) in a.iter().zip(b) {
            assert_eq!(name, other);
            assert!(a.equal(b), "{name} differs");
        }
    }

    pub fn lines(run: &std::path::Path) -> Vec<Value> {
        let text = std::fs::read_to_string(run.join("epochs.jsonl")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_run_leaves_a_folder_that_explains_itself() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "average = { decay = 0.9 }\nloss = { label_smoothing = { epsilon = 0.1 } }");
        let run = train(&house, "");
        for file in [
            "run.json",
            "config.toml",
            "epochs.jsonl",
            "epochs.csv",
            "curves.png",
            "curves.svg",
            "confusion.png",
            "val.csv",
            "noisy_val.csv",
            "summary.html",
            "best.safetensors",
            "last.safetensors",
        ] {
            assert!(run.join(file).exists(), "{file}");
        }
        let info: Value = serde_json::from_slice(&std::fs::read(run.join("run.json")).unwrap()).unwrap();
        assert_eq!(info["version"]["digest"], Value::from(&digest[7..]));
        assert_eq!(info["status"], "finished");
        let validation = house.record(&digest)["validation"]["digest"].clone();
        let epochs = lines(&run);
        assert_eq!(epochs.len(), 2);
        for epoch in &epochs {
            assert_eq!(epoch["clean"]["samples"], 9);
            assert_eq!(epoch["noisy"]["samples"], 18);
            assert_eq!(epoch["noisy"]["validation"], validation);
        }
        let page = std::fs::read_to_string(run.join("summary.html")).unwrap();
        assert!(page.contains("다") && page.contains(&digest[7..19]), "the page names classes and version");
        // Every noisy sample has a row, by its key: what `errors` joins.
        assert!(house.ok("errors t@v1 runs/t-squeezenet1_1-001/noisy_val.csv --split noisy_val").contains("macro F1"));
        assert!(house.ok("runs").contains("t-squeezenet1_1-001"));
    }

    #[test]
    fn stored_and_streamed_train_to_the_same_weights() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "");
        let stored = train(&house, "--steps 20 --set data.pixels=stored --set epochs=9");
        let streamed = train(&house, "--steps 20 --set data.pixels=streamed --set epochs=9");
        same(&tensors(&stored), &tensors(&streamed));
        let losses = |run: &std::path::Path| -> Vec<Value> {
            lines(run).iter().map(|epoch| epoch["train_loss"].clone()).collect()
        };
        assert!(!losses(&stored).is_empty());
        assert_eq!(losses(&stored), losses(&streamed));
        // Freed pixels are drawn: the trainer cannot tell.
        house.ok("evict t@v1");
        let evicted = train(&house, "--steps 20 --set epochs=9");
        same(&tensors(&stored), &tensors(&evicted));
        let error = house.error("train train.toml --set data.pixels=stored");
        assert!(error.contains("augmint restore t@sha256:"), "{error}");
    }

    #[test]
    fn stopped_anywhere_a_run_goes_on_to_the_same_weights() {
        let (house, digest) = trained_house("val = 0.25");
        let more = "average = { decay = 0.9 }\nschedule = { curve = { cosine = {} }, warmup = { steps = 3 } }\n[train]\naccumulate = 2\nclip = 1.0";
        config(&house, &digest, more);
        // SqueezeNet has dropout, so the generator of libtorch matters as well.
        let whole = train(&house, "--set epochs=3");
        for steps in [1, 7, 9] {
            let ran = house.run(&format!("train train.toml --set epochs=3 --steps {steps} --json"));
            assert_eq!(ran.code, Some(0), "{ran:#?}");
            let answer: Value = serde_json::from_str(&ran.stdout).unwrap();
            assert_eq!(answer["ended"], "stopped");
            let run = answer["path"].as_str().unwrap();
            assert!(ran.stderr.contains(&format!("augmint train --resume {run}")), "{}", ran.stderr);
            assert_eq!(house.json(&format!("train --resume {run}"))["ended"], "done");
            let run = house.path(run);
            same(&tensors(&whole), &tensors(&run));
            let numbers = |run: &std::path::Path| -> Vec<[Value; 3]> {
                let of = |epoch: &Value| {
                    [epoch["step"].clone(), epoch["train_loss"].clone(), epoch["noisy"]["loss"].clone()]
                };
                lines(run).iter().map(of).collect()
            };
            assert_eq!(numbers(&whole), numbers(&run), "stopped after {steps}");
        }
    }

    #[test]
    fn a_run_goes_on_with_what_it_was_told_last() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "");
        let first = train(&house, "--set epochs=1");
        let from = format!("--set model.weights={}", first.join("last.safetensors").display());
        // 14 steps an epoch: stopped right after the first, then in the third.
        let run = train(&house, &format!("{from} --set epochs=1 --steps 14"));
        let resume = format!("train --resume {}", run.display());
        let lines_of_run = || lines(&run).len();
        assert_eq!(lines_of_run(), 1);
        // A checkpoint has all that it began with.
        std::fs::remove_dir_all(&first).unwrap();
        house.ok(&format!("{resume} --set epochs=3 --set learning_rate=0.02 --steps 30"));
        assert!(house.ok("runs").contains("stopped"));
        assert_eq!(lines_of_run(), 2);
        house.ok(&resume);
        assert_eq!(lines_of_run(), 3);
        let text = std::fs::read_to_string(run.join("config.toml")).unwrap();
        assert!(text.contains("learning_rate = 0.02\n") && text.contains("epochs = 3\n"), "{text}");
        // What does not fit is refused, and the run is what it was.
        let before = std::fs::read(run.join("run.json")).unwrap();
        house.error(&format!("{resume} --set epochs=4 --set average.decay=0.9"));
        assert_eq!(std::fs::read(run.join("run.json")).unwrap(), before);
    }

    #[test]
    fn a_signal_saves_and_a_killed_run_is_known() {
        use rustix::process::{Pid, Signal, kill_process};
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "[train]\ncheckpoint_steps = 1");
        let mut child = house.command("train train.toml --set epochs=500").spawn().unwrap();
        let first = house.path("runs/t-squeezenet1_1-001/last.safetensors");
        let wait = |path: &std::path::Path, child: &mut std::process::Child| {
            while !path.exists() {
                assert!(child.try_wait().unwrap().is_none(), "it ended by itself");
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
        };
        wait(&first, &mut child);
        kill_process(Pid::from_child(&child), Signal::INT).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(1));
        assert!(house.ok("runs").contains("stopped"));

        let mut child = house.command("train train.toml --set epochs=500").spawn().unwrap();
        wait(&house.path("runs/t-squeezenet1_1-002/last.safetensors"), &mut child);
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(house.ok("runs").contains("killed"));
        let answer = house.json("train --resume runs/t-squeezenet1_1-002 --set epochs=1");
        assert_eq!(answer["ended"], "done");
    }

    #[test]
    fn what_is_not_the_pinned_version_is_refused() {
        let (house, digest) = trained_house("val = 0.25");
        let other = format!("{}0000", &digest[..digest.len() - 4]);
        config(&house, &other, "");
        let error = house.error("train train.toml");
        assert!(error.contains("no version's digest starts with") || error.contains(&other), "{error}");
        house.write(
            "train.toml",
            b"version = \"t@v1\"\nepochs = 1\nlearning_rate = 1\n[model]\narchitecture = \"resnet18\"",
        );
        assert!(house.error("train train.toml").contains("does not pin a version"));
        // A manifest that was changed is not the version, whatever its folder is called.
        config(&house, &digest, "");
        let hex = digest.strip_prefix("sha256:").unwrap();
        let path = format!("datasets/.store/versions/{hex}/manifest.jsonl.zst");
        let text = String::from_utf8(zstd_decode(&house.read(&path))).unwrap();
        house.write(&path, &zstd_encode(text.replace("\"copy\":1", "\"copy\":2").as_bytes()));
        let error = house.error("train train.toml");
        assert!(error.contains(&digest), "{error}");
        assert!(house.run("runs").stdout.contains("no runs"), "nothing half-done is left");
    }

    fn zstd_decode(bytes: &[u8]) -> Vec<u8> {
        zstd::decode_all(bytes).unwrap()
    }

    fn zstd_encode(bytes: &[u8]) -> Vec<u8> {
        zstd::encode_all(bytes, 3).unwrap()
    }

    #[test]
    fn drawn_anew_each_epoch_the_first_is_the_version() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "");
        let stored = train(&house, "--set epochs=2");
        let online = train(&house, "--set epochs=2 --set data.pixels=online");
        let loss = |run: &std::path::Path, epoch: usize| lines(run)[epoch]["train_loss"].clone();
        assert_eq!(loss(&stored, 0), loss(&online, 0));
        assert_ne!(loss(&stored, 1), loss(&online, 1));
        let views = train(&house, "--set epochs=1 --set data.pixels=online --set data.views=2");
        // 27 training sources, two views each, in batches of 8.
        assert_eq!(lines(&views)[0]["step"], 7);
    }

    #[test]
    fn folds_give_out_of_fold_predictions_of_every_source() {
        let (house, digest) = trained_house("folds = 3");
        config(&house, &digest, "fold = \"all\"");
        let answer = house.json("train train.toml --set epochs=1");
        assert_eq!(answer["runs"].as_array().unwrap().len(), 3);
        let folder = answer["path"].as_str().unwrap();
        let table = String::from_utf8(house.read(&format!("{folder}/out_of_fold.csv"))).unwrap();
        assert_eq!(table.lines().count(), 1 + 36);
        assert!(house.ok(&format!("suspects {folder}/out_of_fold.csv --of t@v1")).len() > 10);
        let fit = format!("--fit {folder}/out_of_fold.csv {folder}/out_of_fold.csv --truth {folder}/labels.csv");
        let member = format!("{folder}/t-squeezenet1_1-001/noisy_val.csv");
        house.ok(&format!("ensemble {member} {member} {fit}"));
        let error = house.error("train train.toml --set fold=7");
        assert!(error.contains("its folds are 0 to 2"), "{error}");
    }

    #[test]
    fn folds_that_were_stopped_go_on() {
        let (house, digest) = trained_house("folds = 3");
        config(&house, &digest, "fold = \"all\"");
        let whole = house.json("train train.toml --set epochs=1");
        let ran = house.run("train train.toml --set epochs=1 --steps 3 --json");
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let stopped: Value = serde_json::from_str(&ran.stdout).unwrap();
        let folder = stopped["path"].as_str().unwrap();
        assert!(ran.stderr.contains(&format!("augmint train --resume {folder}\n")), "{}", ran.stderr);
        assert_eq!(stopped["runs"].as_array().unwrap().len(), 1);
        let resumed = house.json(&format!("train --resume {folder}"));
        assert_eq!(resumed["runs"].as_array().unwrap().len(), 3);
        let table = |of: &Value| house.read(&format!("{}/out_of_fold.csv", of["path"].as_str().unwrap()));
        assert_eq!(table(&whole), table(&resumed));
    }

    #[test]
    fn a_head_on_a_frozen_backbone_sees_each_image_once() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "");
        let head = "--set model.architecture=resnet18 --set model.train=head";
        let run = house.json(&format!("train train.toml {head} --set epochs=3"));
        let features = crate::house::files(&house.path("datasets/.store/features"));
        assert_eq!(features.len(), 3);
        let run = house.path(run["path"].as_str().unwrap());
        // The same head, the backbone run anew for each batch: the same numbers but for the order of sums.
        let unfrozen =
            house.json(&format!("train train.toml {head} --set epochs=3 --set data.pixels=online --set data.views=4"));
        let unfrozen = house.path(unfrozen["path"].as_str().unwrap());
        assert_eq!(lines(&run).len(), lines(&unfrozen).len());
        let backbone = |run: &std::path::Path| -> Vec<(String, Tensor)> {
            tensors(run).into_iter().filter(|(name, _)| !name.contains('/') && !name.starts_with("fc.")).collect()
        };
        same(&backbone(&run), &backbone(&unfrozen));
    }

    #[test]
    fn a_run_starts_from_what_another_answers_with() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "average = { decay = 0.5 }");
        let first = train(&house, "--set input.mean=[0.5,0.4,0.3] --set input.std=[0.2,0.3,0.4]");
        let from =
            format!("--set model.weights={} --set learning_rate=1e-30", first.join("last.safetensors").display());
        let ran = house.run(&format!("train train.toml --set epochs=1 {from}"));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        assert!(ran.stderr.contains("52 tensors taken\n"), "{}", ran.stderr);
        assert!(!ran.stderr.contains("does not have"), "{}", ran.stderr);
        // The average, not the last step's; mean and deviation too, so it scores as the first did.
        let second = house.path("runs/t-squeezenet1_1-002");
        assert_eq!(lines(&first)[1]["noisy"], lines(&second)[0]["noisy"]);
        let error = house.error(&format!("train train.toml {from} --set model.architecture=squeezenet1_0"));
        assert!(error.contains("model.architecture = \"squeezenet1_1\""), "{error}");
    }

    /// Its running statistics are no variables of ours: they go with the module.
    #[test]
    fn a_torchscript_module_is_trained_resumed_and_asked() {
        let house = House::with_folders(&[("a", 6), ("b", 6), ("c", 6), ("d", 6), ("e", 6)]);
        house.recipe("[split]\nval = 0.34\n[amount]\ncopies = 3\n");
        let digest = house.build("--tag v1");
        let net = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/train/scripted.pt");
        config(&house, &digest, "");
        let options = format!("--set model.architecture={net} --set epochs=2");
        let whole = train(&house, &options);
        let ran = house.run(&format!("train train.toml {options} --steps 3 --json"));
        assert_eq!(ran.code, Some(0), "{ran:#?}");
        let stopped: Value = serde_json::from_str(&ran.stdout).unwrap();
        house.ok(&format!("train --resume {}", stopped["path"].as_str().unwrap()));
        let resumed = house.path(stopped["path"].as_str().unwrap());
        let weights = |run: &std::path::Path| -> Vec<(String, Tensor)> {
            tensors(run).into_iter().filter(|(name, _)| name != "script/module").collect()
        };
        same(&weights(&whole), &weights(&resumed));
        assert_eq!(lines(&whole)[1]["clean"]["loss"], lines(&resumed)[1]["clean"]["loss"]);
        let scored = house.json(&format!("evaluate {}", whole.display()));
        assert_eq!(scored[0]["macro_f1"], lines(&whole)[1]["clean"]["macro_f1"]);
        let error = house.error(&format!("train train.toml {options} --set model.bifpn.layers=1"));
        assert!(error.contains("TorchScript"), "{error}");
    }

    #[test]
    fn wrong_settings_are_named() {
        let (house, digest) = trained_house("val = 0.25");
        config(&house, &digest, "");
        let error = |set: &str| house.error(&format!("train train.toml --set {set}"));
        assert!(error("model.architecture=resnet19").contains("no network is called"));
        assert!(error("model.weights=nowhere").contains("augmint weights"));
        assert!(error("epoch=3").contains("did you mean 'epochs'?"));
        assert!(error("fold=0").contains("no folds"));
        assert!(error("schedule.warmup.steps=1000").contains("warm-up"));
        let diverged =
            house.run("train train.toml --set learning_rate=1e30 --set epochs=9 --set optimizer.sgd.momentum=0.9");
        assert_eq!(diverged.code, Some(2));
        assert!(diverged.stderr.contains("training has diverged"), "{}", diverged.stderr);
        assert!(house.ok("runs").contains("failed"));
    }
}

#[cfg(not(feature = "torch"))]
#[test]
fn a_build_without_libtorch_says_how_to_get_one_with_it() {
    let (house, digest) = trained_house("val = 0.25");
    config(&house, &digest, "");
    let error = house.error("train train.toml");
    assert!(error.contains("built without libtorch") && error.contains("scripts/libtorch"), "{error}");
    // What needs no libtorch is checked all the same.
    assert!(house.error("train train.toml --set epochs=0").contains("epochs is 0"));
    house.write("images2/x.jpg", &crate::house::jpeg("x"));
    assert!(house.error("predict run --images images2 --out x.csv").contains("built without libtorch"));
}
