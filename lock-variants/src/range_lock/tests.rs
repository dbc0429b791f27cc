//! The table and the VMA's words, step by step, on the machine of one task.

use super::{EVERYTHING, READERS, RangeLock, Ranges, WRITER_RANGES};
use bench_core::lock::{Declined, VmaLock};
use bench_core::machine::Solo;
use bench_core::space::Mm;

type Lock = RangeLock<Solo>;
type Vma = <Lock as VmaLock>::Vma;

const RANGE: std::ops::Range<u64> = 0x10_000..0x13_000;

/// An mm and a VMA of three pages that it has mapped.
fn mapped() -> (Mm<Lock>, Vma) {
    let (mm, vma) = (Mm::<Lock>::new(), Lock::new_vma());
    let guard = mm.write_lock();
    mm.lock().set_range(&vma, RANGE, guard.section());
    mm.lock().start_write(&vma, guard.section()).unwrap();
    mm.lock().attach(&vma, guard.section());
    drop(guard);
    (mm, vma)
}

/// What is held in the mm.
fn held(mm: &Mm<Lock>) -> String {
    mm.lock().ranges.to_string()
}

#[test]
fn the_table_after_each_step() {
    let (mm, vma) = mapped();
    assert_eq!(held(&mm), "busy=0 reading=[ ] writing=[ ]");
    let first = mm.lock().start_read(&vma, 0x10_000).unwrap();
    let last = mm.lock().start_read(&vma, 0x12_fff).unwrap();
    let same = mm.lock().start_read(&vma, 0x10_008).unwrap();
    assert_eq!(
        held(&mm),
        "busy=0 reading=[ 0x10000 0x12000 0x10000 ] writing=[ ]"
    );
    let _ = mm.lock().end_read(&vma, last);
    assert_eq!(held(&mm), "busy=0 reading=[ 0x10000 0x10000 ] writing=[ ]");
    let _ = mm.lock().end_read(&vma, first);
    let _ = mm.lock().end_read(&vma, same);
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert_eq!(held(&mm), "busy=0 reading=[ ] writing=[ 0x10000..0x13000 ]");
    mm.lock().detach(&vma, guard.section());
    drop(guard);
    assert_eq!(held(&mm), "busy=0 reading=[ ] writing=[ ]");
}

#[test]
fn each_reason_to_decline() {
    let (mm, vma) = mapped();
    let read = |address| mm.lock().start_read(&vma, address).err();
    assert_eq!(read(0xf_fff), Some(Declined::OutOfRange));
    assert_eq!(read(0x13_000), Some(Declined::OutOfRange));
    let other = Mm::<Lock>::new();
    let foreign = other.lock().start_read(&vma, 0x10_000);
    assert_eq!(foreign, Err(Declined::WrongMm));
    let guard = mm.write_lock();
    mm.lock().start_write(&vma, guard.section()).unwrap();
    for address in [0x10_000, 0x11_000, 0x12_fff] {
        assert_eq!(read(address), Some(Declined::WriterBit), "{address:#x}");
    }
    mm.lock().detach(&vma, guard.section());
    assert_eq!(read(0x10_000), Some(Declined::Detached));
    drop(guard);
    assert_eq!(held(&mm), "busy=0 reading=[ ] writing=[ ]", "no trace");
}

#[test]
fn a_full_table_declines() {
    let (mm, vma) = mapped();
    let tokens: Vec<_> = (0..READERS)
        .map(|_| mm.lock().start_read(&vma, 0x11_000).unwrap())
        .collect();
    assert_eq!(mm.lock().start_read(&vma, 0x11_000), Err(Declined::Limit));
    let _ = mm.lock().end_read(&vma, tokens[17]);
    assert_eq!(mm.lock().start_read(&vma, 0x11_000), Ok(17));
}

#[test]
fn a_writer_keeps_out_the_readers_of_its_own_vma_only() {
    let (mm, vma) = mapped();
    let neighbour = Lock::new_vma();
    let guard = mm.write_lock();
    let behind = 0x13_000..0x14_000;
    mm.lock().set_range(&neighbour, behind, guard.section());
    mm.lock().attach(&neighbour, guard.section());
    mm.lock().start_write(&vma, guard.section()).unwrap();
    assert!(mm.lock().start_read(&neighbour, 0x13_000).is_ok());
}

#[test]
fn pages_and_ranges_that_meet_and_that_do_not() {
    let ranges = Ranges::<Solo>::new();
    let table = ranges.lock();
    assert_eq!(table.read(0x2000), Ok(0));
    assert!(table.is_read(&(0x2000..0x3000)));
    assert!(table.is_read(&(0x1000..0x4000)));
    assert!(!table.is_read(&(0x1000..0x2000)), "before it");
    assert!(!table.is_read(&(0x3000..0x4000)), "behind it");
    assert_eq!(table.write(0x3000..0x5000), None, "nobody to wait for");
    assert_eq!(table.write(0x1000..0x3000), Some(0x1000..0x3000));
    assert_eq!(table.write(0x1000..0x2000), None, "held already");
    assert!(table.end_read(0), "a writer waits");
    assert_eq!(table.read(0x6000), Ok(0));
    assert!(!table.end_read(0), "not for this page");
}

#[test]
fn one_range_too_many_is_every_address() {
    let ranges = Ranges::<Solo>::new();
    let table = ranges.lock();
    assert_eq!(table.read(0x9000), Ok(0));
    for number in 0..WRITER_RANGES as u64 {
        let start = number * 0x1000;
        assert_eq!(table.write(start..start + 0x1000), None);
    }
    assert_eq!(table.read(0x8000), Ok(1));
    assert_eq!(table.write(0x7000..0x8000), Some(EVERYTHING));
    for page in [0, 0x8000, u64::MAX - 0xfff - 0x1000] {
        assert_eq!(table.read(page), Err(Declined::WriterBit), "{page:#x}");
    }
    assert!(table.end_read(1), "a writer waits for it now");
    table.end_write();
    assert_eq!(table.read(0x8000), Ok(1));
}
