//! The batch of the journal: out comes what went in, and nothing else.

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::TimestampMicrosecondType;
use tenure_ingest::http::{Endpoint, segment};
use tenure_ingest::journal::{Batch, FORMAT, Record};
use tenure_model::input::{Action, Decision};

use crate::tell::received;

const BODIES: [&str; 2] = [include_str!("../sdk/analytics-node-3.1.0.json"), include_str!("../sdk/analytics-python-2.4.0.json")];

fn decision() -> Record {
    let action = Action::ReleaseStage;
    Record::Decision(Decision { account: "acme".into(), at: received(), author: "cleo".into(), reason: "spoke to them".into(), action })
}

fn batch() -> Batch {
    let mut batch = Batch::default();
    for (source, minutes, body) in [("web", 0, 0), ("web", 0, 1), ("server", -1, 0), ("web", 5, 1)] {
        let at = received().plus(minutes * 60_000_000);
        batch.push(source, at, &segment(Endpoint::Batch, BODIES[body], at).unwrap());
    }
    batch.push("web", received(), &segment(Endpoint::Batch, r#"{"batch":[1]}"#, received()).unwrap());
    batch.record("", received(), decision());
    batch
}

#[test]
fn what_goes_in_comes_out() {
    let batch = batch();
    let mut decoded = Batch::decode(&batch.encode()).unwrap();
    assert_eq!(decoded, batch);
    assert_eq!(decoded.len(), 4 + 5 + 4 + 5);
    let first = segment(Endpoint::Batch, BODIES[0], received()).unwrap();
    let (origin, event) = decoded.events().next().unwrap();
    assert_eq!((origin.source, origin.received_at, &event), ("web", received(), &first.events[0]));
    assert_eq!(decoded.records().last().unwrap().1, &decision());
    assert!(decoded.records().any(|(_, record)| matches!(record, Record::Bad(_))));
    assert!(decoded.records().any(|(_, record)| matches!(record, Record::Merge(_))));
    // A batch that was read can be added to.
    decoded.push("web", received(), &first);
    assert_eq!(Batch::decode(&decoded.encode()).unwrap(), decoded);
    assert_eq!(Batch::decode(&Batch::default().encode()).unwrap(), Batch::default());
}

#[test]
fn a_record_batch_for_the_archive() {
    let batch = batch();
    let rows = batch.record_batch();
    assert_eq!(rows.schema(), tenure_ingest::batch::exported_schema());
    assert_eq!(rows.num_rows(), batch.events().count());
    let received = rows.column(tenure_ingest::batch::RECEIVED_AT).as_primitive::<TimestampMicrosecondType>();
    let told: Vec<i64> = batch.events().map(|(origin, _)| origin.received_at.0).collect();
    assert_eq!(received.values(), &told[..]);
}

#[test]
fn what_is_wrong_is_refused() {
    let good = batch().encode();
    assert!(Batch::decode(&good).is_ok());
    for length in 0..good.len() {
        assert!(Batch::decode(&good[..length]).is_err(), "cut at {length}");
    }
    assert!(Batch::decode(&[&good[..], b"x"].concat()).is_err());
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        if let Ok(decoded) = Batch::decode(&bad) {
            assert_eq!(decoded, batch(), "flipped at {at}");
        }
    }
    let mut later = good.clone();
    later[4] = FORMAT + 1;
    let huge = [b"TNRJ\x01\xff\xff\xff\xff\x7f", &good[7..]].concat();
    let told: Vec<String> = [&b""[..], b"PAR1", b"TNRJ", &later, &huge, &good[..20]]
        .iter()
        .map(|bytes| Batch::decode(bytes).unwrap_err().to_string())
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}
