//! NDJSON, Segment's messages and Parquet, as they come.

use std::io::Cursor;
use std::sync::Arc;

use datafusion::arrow::array::*;
use datafusion::arrow::datatypes::{Int8Type, Int32Type};
use datafusion::parquet::arrow::ArrowWriter;
use tenure_ingest::{Import, Lookups, Mapping, ndjson, parquet};

mod tell;
use tell::tell;

fn read_lines(import: Import, lines: &str) -> String {
    let (mapping, lookups) = (Mapping::default_for(import), Lookups::default());
    tell(ndjson(Cursor::new(lines.as_bytes()), &mapping, &lookups).unwrap())
}

#[test]
fn segment() {
    insta::assert_snapshot!(read_lines(
        Import::Events,
        r#"
{"type":"track","event":"Report Created","userId":"ann","timestamp":"2025-06-01T10:00:00.123Z","messageId":"m1","properties":{"n":1,"t":"a\"b"},"context":{"groupId":"acme","ip":"::1"}}
{"type":"track","event":"Login","anonymousId":"anon","userId":null,"originalTimestamp":"2025-06-01T10:00:00Z","properties":{}}
{"type":"page","name":"Home","userId":"ann","timestamp":"2025-06-01T10:00:00Z","properties":{"path":"/"}}
{"type":"page","name":"Home","userId":"ann","timestamp":"2025-06-01T10:00:00Z","properties":{"name":"own"}}
{"type":"screen","name":"Start \"up\"","userId":"ann","timestamp":"2025-06-01T10:00:00Z"}
{"type":"identify","userId":"ann","traits":{"role":"admin","email":null,"address":{"city":"Bonn"}},"timestamp":"2025-06-01T10:00:00Z","context":{"groupId":"acme"}}
{"type":"group","userId":"bob","groupId":"acme","traits":{"tier":1,"name":"Acme"},"timestamp":"2025-06-01T10:00:00Z"}
{"type":"alias","previousId":"anon","userId":"ann","timestamp":"2025-06-01T10:00:00Z"}
{"type":"track","userId":"ann","timestamp":"2025-06-01T10:00:00Z"}
{"type":"track","event":"Login","userId":"ann","timestamp":"yesterday"}
{"type":"track","event":"Login","userId":"ann"}
{"type":"group","userId":"bob","timestamp":"2025-06-01T10:00:00Z"}
[1]
{"type":"track",
"#
    ));
}

#[test]
fn plain_objects() {
    insta::assert_snapshot!(
        "events",
        read_lines(
            Import::Events,
            r#"{"account_id":"acme","event":"login","time":"2025-06-01T10:00:00Z","path":"/","deep":{"a":[1]},"none":null}
{"time":1748772000,"event":"login","person_id":17,"message_id":"m"}
{"time":1748772000123,"event":"log\u0069n","account_id":"acme","properties":{"path":"/x","n":2},"more":true}
{"time":"2025-06-01","event":"e","account_id":"acme","properties":{}}
{"time":"2025-06-01","account_id":"acme"}
{"type":"login","time":"2025-06-01","event":"typed","account_id":"acme"}
"#
        )
    );
    insta::assert_snapshot!(
        "accounts",
        read_lines(
            Import::Accounts,
            "{\"id\":\"acme\",\"tier\":1,\"plan\":null,\"tags\":[1,2]}\n{\"id\":7,\"name\":\"Seven\",\"valid_from\":\"2025-01-01\"}\n{\"name\":\"none\"}\n"
        )
    );
}

#[test]
fn parquet_of_any_types() {
    let dictionary: DictionaryArray<Int8Type> = vec![Some("login"), Some("click"), None].into_iter().collect();
    let batch = RecordBatch::try_from_iter_with_nullable(vec![
        ("account_id", Arc::new(UInt32Array::from(vec![1, 2, 3])) as ArrayRef, true),
        ("person_id", Arc::new(LargeStringArray::from(vec![Some("ann"), None, Some(" ")])), true),
        ("event", Arc::new(dictionary), true),
        ("time", Arc::new(TimestampNanosecondArray::from(vec![1_748_772_000_123_456_789, 0, 0])), true),
        ("whole", Arc::new(Int64Array::from(vec![Some(-5), None, None])), true),
        ("number", Arc::new(Float64Array::from(vec![2.0, 0.1, f64::NAN])), true),
        ("decimal", Arc::new(Decimal128Array::from(vec![12345, 1, 0]).with_precision_and_scale(10, 2).unwrap()), true),
        ("day", Arc::new(Date32Array::from(vec![20_000, 0, 0])), true),
        ("second", Arc::new(TimestampSecondArray::from(vec![1_748_772_000, 0, 0]).with_timezone("+02:00")), true),
        ("flag", Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), true),
        ("nothing", Arc::new(NullArray::new(3)), true),
        ("code", Arc::new(vec![Some("x"), Some("y"), None].into_iter().collect::<DictionaryArray<Int32Type>>()), true),
    ])
    .unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = ArrowWriter::try_new(&mut file, batch.schema(), None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let (mapping, lookups) = (Mapping::default_for(Import::Events), Lookups::default());
    insta::assert_snapshot!(tell(parquet(file, &mapping, &lookups).unwrap()));
}
