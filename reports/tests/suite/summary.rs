use crate::sketch::Sketch;

#[test]
fn show() {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let path = dir.path().join("run.jsonl");
    let mut out = Vec::new();
    Sketch::small().write(&mut out).expect("into memory");
    std::fs::write(&path, &out).unwrap();
    println!("{}", reports::summary(&reports::load(&path).unwrap()));
    out.clear();
    Sketch::standard().write(&mut out).expect("into memory");
    println!("{}", out.len());
    std::fs::write(&path, &out).unwrap();
    println!("{}", reports::summary(&reports::load(&path).unwrap()));
}
