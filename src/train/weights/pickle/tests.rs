//! Single steps of the machine.

use super::*;

fn error(bytes: &[u8]) -> PickleError {
    run(bytes).map(|(value, ..)| value).unwrap_err()
}

#[test]
fn values_are_read() {
    for (bytes, expected) in [
        (&b"K\xff."[..], Value::Int(255)),
        (b"M\xff\xff.", Value::Int(65535)),
        (b"J\xff\xff\xff\xff.", Value::Int(-1)),
        (b"\x8a\x00.", Value::Int(0)),
        (b"\x8a\x02\x00\x80.", Value::Int(-32768)),
        (b"\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", Value::Int(0x1950_a86a_20f9_469c_fc6c)),
        (b"N.", Value::None),
        (b"\x88.", Value::Bool(true)),
        (b"G\x40\x09\x21\xfb\x54\x44\x2d\x18.", Value::Float),
        (b"K\x01K\x02K\x030.", Value::Int(2)),
    ] {
        let (value, _, length) = run(bytes).unwrap();
        assert_eq!((value, length), (expected, bytes.len()), "{bytes:?}");
    }
    let (value, heap, length) = run(b"\x80\x04\x95\0\0\0\0\0\0\0\0}\x94(\x8c\x01aK\x01\x8c\x01b]u.rest").unwrap();
    assert_eq!((value, length), (Value::Dict(0), 25));
    assert_eq!(heap.text(heap.dicts[0][1].0), Some("b"));
    assert_eq!(heap.dicts[0][0].1, Value::Int(1));
}

#[test]
fn a_container_may_hold_itself() {
    let (value, heap, _) = run(b"]q\x00h\x00a.").unwrap();
    assert_eq!((value, heap.lists[0].as_slice()), (Value::List(0), &[Value::List(0)][..]));
}

#[test]
fn steps_that_do_not_fit_are_errors() {
    for bytes in [
        &b"."[..],
        b"t.",
        b"0.",
        b"K\x01a.",
        b"}K\x01s.",
        b"(}K\x01(u.",
        b"](K\x01s.",
        b"h\x05.",
        b"K\x01K\x02R.",
        b"K\x01N b",
        b"X\x02\0\0\0\xff\xff.",
        b"N)\x93.",
        b"\x8a\x11aaaaaaaaaaaaaaaaa.",
    ] {
        assert!(matches!(error(bytes), PickleError::Misfit { .. } | PickleError::Opcode { .. }), "{bytes:?}");
    }
    for bytes in [
        &b""[..],
        b"(",
        b"K",
        b"X\xff\xff\xff\xffabc.",
        b"\x8d\xff\xff\xff\xff\xff\xff\xff\xffa",
        b"ctorch",
        b"\x95abc",
    ] {
        assert!(matches!(error(bytes), PickleError::CutOff { .. }), "{bytes:?}");
    }
    assert_eq!(error(b"NV1\n."), PickleError::Opcode { code: b'V', at: 1 });
    assert_eq!(error(b"(i__main__\nX\n."), PickleError::Opcode { code: b'i', at: 1 });
}

#[test]
fn names_of_others_are_refused_and_never_called() {
    for (bytes, name) in [
        (&b"cos\nsystem\n(X\x02\0\0\0lstR."[..], "os.system"),
        (b"\x8c\x08builtins\x8c\x04eval\x93.", "builtins.eval"),
        (b"ctorch.nn.modules.linear\nLinear\n.", "torch.nn.modules.linear.Linear"),
        (b"ctorch\nload\n.", "torch.load"),
    ] {
        assert_eq!(error(bytes), PickleError::Global { name: name.to_owned() });
    }
    // A known name is no key to another.
    assert!(matches!(error(b"ctorch\nFloatStorage\n)R."), PickleError::Arguments { .. }));
    assert!(matches!(error(b"ctorch\nSize\nK\x01\x85R."), PickleError::Arguments { .. }));
}

#[test]
fn the_number_of_steps_is_capped() {
    assert_eq!(error(&vec![b'N'; MAX_STEPS + 1]), PickleError::TooLong);
    // One list of many pairs, copied by many calls of six bytes.
    let mut bytes = b"](".to_vec();
    bytes.extend(b"K\x01K\x02\x86".repeat(10_000));
    bytes.extend(b"eq\x00ccollections\nOrderedDict\nq\x01");
    bytes.extend(b"h\x01h\x00\x85R0".repeat(10_000));
    assert_eq!(error(&bytes), PickleError::TooLong);
}
