use crate::sketch::Sketch;

#[test]
fn show() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("run.jsonl");
    for (name, sketch) in [("small", Sketch::small()), ("standard", Sketch::standard())] {
        let mut out = Vec::new();
        sketch.write(&mut out).expect("into memory");
        std::fs::write(&path, &out).unwrap();
        let html = reports::html(&[reports::load(&path).unwrap()]);
        println!("{name} {}", html.len());
        std::fs::write(format!("/tmp/x-{name}.html"), html).unwrap();
    }
}
