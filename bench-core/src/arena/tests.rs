//! Addresses and drops.

use super::*;
use std::rc::Rc;

#[test]
fn the_same_slot_gives_the_same_address_whatever_the_type() {
    let arena = Arena::new(4096);
    let first = std::ptr::from_ref::<u8>(&arena.build_at(7).place(1_u8)) as usize;
    let second = std::ptr::from_ref::<[u64; 9]>(&arena.build_at(7).place([0_u64; 9])) as usize;
    let other = std::ptr::from_ref::<u8>(&arena.build_at(8).place(1_u8)) as usize;
    assert_eq!((first, other), (second, first + SLOT_BYTES));
}

#[test]
fn values_in_one_record_lie_side_by_side_and_are_dropped() {
    let arena = Arena::new(4096);
    let mut bump = arena.build_at(0);
    let mut records = bump.records(3, 32);
    let numbers = bump.fill(&mut records, || 5_u32);
    let counted = Rc::new(());
    let owners = bump.fill(&mut records, || Rc::clone(&counted));
    assert_eq!(Rc::strong_count(&counted), 4);
    let gap =
        std::ptr::from_ref(owners.get(2)) as usize - std::ptr::from_ref(numbers.get(2)) as usize;
    assert_eq!((gap, *numbers.get(0), numbers.count), (8, 5, 3));
    drop(owners);
    assert_eq!(Rc::strong_count(&counted), 1);
}

#[test]
fn values_of_a_slab_lie_a_stride_apart_and_keep_their_page() {
    let mut slab = Slab::new(40);
    let counted = Rc::new(());
    let mut objects: Vec<_> = (0..103).map(|_| slab.build(Rc::clone(&counted))).collect();
    let at = |object: &Object<Rc<()>>| std::ptr::from_ref::<Rc<()>>(object) as usize;
    let first = at(&objects[0]);
    assert_eq!((first % 4096, at(&objects[102]) % 4096), (0, 0));
    assert!((0..102).all(|index| at(&objects[index]) == first + index * 40));
    drop(objects.drain(..102));
    assert_eq!(Rc::strong_count(&counted), 2, "dropped one by one");
    assert_eq!(at(&slab.build(Rc::clone(&counted))) % 4096, 40);
    objects.clear();
    assert_eq!(at(&slab.build(counted)) % 4096, 0, "a page of its own");
}

#[test]
#[should_panic(expected = "bytes, but")]
fn too_little_room_is_refused() {
    let arena = Arena::new(0);
    let _ = arena.build_at(SLOTS as u32 - 1).place([0_u8; 512]);
}
