//! What mapping files mean, and every message about a wrong one.

use tenure_ingest::{Import, Lookups, Mapping, csv};

mod tell;
use tell::tell;

fn read(yaml: &str, file: &str) -> String {
    let mapping = Mapping::parse("mapping.yaml", yaml).unwrap_or_else(|d| panic!("{}", d[0]));
    let mut lookups = Lookups::default();
    lookups.add("subs.csv", b"subscription_id,account_id\nS-1,acme\nS-2,\n").unwrap();
    match csv(file.as_bytes(), &mapping, &lookups) {
        Ok(chunks) => tell(chunks),
        Err(error) => format!("error: {error}\n"),
    }
}

#[test]
fn mappings() {
    let cases = [
        (
            "usual names",
            "import: events",
            "account_id,user_id,event,time,message_id,path,n\nacme,ann,login,2025-06-01,m1,/help,12\nacme,,click,2025-06-01T10:00:00Z,,,007\n",
        ),
        (
            "templates, constants, zones",
            "import: events\nperson_id: { template: \"{account}/{user}\" }\naccount_id: account\nevent: { constant: login }\ntime: { column: at, times: \"%d-%m-%Y %H:%M\", zone: Europe/Berlin }\n",
            "account,user,at\nacme,1,01-06-2025 03:00\nacme,,01-06-2025 03:00\nacme,2,2025-06-01\n",
        ),
        (
            "lookup",
            "import: events\naccount_id: { lookup: subs.csv, by: subscription_id, take: account_id }\nevent: { constant: used }\ntime: day\nproperties: none\n",
            "subscription_id,day\nS-1,2025-06-01\nS-2,2025-06-01\nS-9,2025-06-01\n,2025-06-01\n",
        ),
        (
            "several events of a row",
            "import: events\ntimes: [\"%d-%m-%Y %H:%M\", \"%d-%m-%Y\"]\nevents:\n  - { event: { constant: opened }, time: opened, properties: [priority] }\n  - { event: { constant: closed }, where: { closed: { blank: false } }, time: closed, properties: { hours: { column: h, type: number } } }\n",
            "account_id,opened,closed,priority,h\nacme,01-06-2025,02-06-2025 03:00,high,27\nacme,01-06-2025,,low,\nacme,01-06-2025,never,low,\n",
        ),
        (
            "where, map, scale, rename, ignore, types",
            "import: events\nwhere: { kind: [a, b], place: { prefix: \"EU-\" }, test: { not: yes } }\nevent: { column: kind, map: { a: alpha } }\nrename: { n: number }\nignore: [kind, place, test]\ntypes: { flag: bool, zip: text, day: date }\n",
            "account_id,time,kind,place,test,n,flag,zip,day\nx,2025-01-01,a,EU-DE,,1,TRUE,123,2025-01-02\nx,2025-01-01,b,EU-FR,no,2,no,,\nx,2025-01-01,c,EU-FR,,,,,\nx,2025-01-01,a,US,,,,,\nx,2025-01-01,a,EU-DE,yes,,,,\n",
        ),
        ("unix", "import: events\nevent: { constant: e }\ntimes: [unix_ms]\n", "account_id,time\na,1398138810123\n"),
        (
            "accounts",
            "import: accounts\nid: key\ntimes: \"%d-%m-%Y\"\ntypes: { signup: date }\nrename: { title: name }\nvalid_from: since\n",
            "key,title,tier,signup,since\nacme,Acme & Co,1,16-10-2024,01-01-2025\n,Nobody,2,,\nnorth,North,,16-10-2024,\n",
        ),
        (
            "people",
            "import: people\naccount_id: org\naccount_from: joined\n",
            "user_id,org,joined,role\nann,acme,2025-01-01,admin\nbob,,,user\n",
        ),
        (
            "subscriptions",
            "import: subscriptions\nid: { template: \"{account_id}/{start}\" }\nseats: { column: quantity, where: { units: users } }\narr: { column: mrr, scale: 12 }\nstarted_at: start\nended_at: end\n",
            "account_id,start,end,mrr,quantity,units,plan\n1,2025-01-01,2025-02-01,200,10,users,basic\n1,2025-01-01,,300,5000,searches,7\n1,,2025-02-01,1,1,users,x\n1,2025-01-01,,much,1,users,x\n",
        ),
        ("no such column", "import: events\naccount_id: acount\n", "account,event,time\n"),
        ("no time", "import: events\n", "account_id,event,when\n"),
        (
            "ragged rows",
            "import: events\ndelimiter: \";\"\n",
            "account_id;event;time\na;\"log;in\";2025-01-01\na;login\na;login;2025-01-01;x\na;login;3025-01-01\na;;2025-01-01\n",
        ),
    ];
    let told: Vec<String> = cases.iter().map(|(name, yaml, file)| format!("── {name}\n{}", read(yaml, file))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn wrong_mappings() {
    let cases = [
        "",
        "[a]",
        "acount_id: x",
        "import: evnts",
        "import: events\nacount_id: x\n",
        "import: events\ntime: { column: t, times: dd.mm.yyyy }\n",
        "import: events\ntimes: [\"%H:%M\"]\nzone: Berlin\n",
        "import: events\nevent: { constant: a, column: b }\n",
        "import: events\nevent: [a]\n",
        "import: events\naccount_id: { lookup: f.csv, by: x }\n",
        "import: events\nperson_id: { template: \"{a\" }\n",
        "import: events\nwhere: { a: { prefx: b } }\ntypes: { b: integer }\n",
        "import: events\nevents: {}\n",
        "import: events\nevents: [ { evnt: x } ]\n",
        "import: events\nproperties: some\ndelimiter: \";;\"\n",
        "import: accounts\nplan: x\n",
        "import: accounts\ntraits: { a: { column: b, scale: much } }\n",
        "import: events\nevent: {a: b\n",
    ];
    let tell = |yaml: &&str| match Mapping::parse("m.yaml", yaml) {
        Ok(_) => format!("{yaml}\nis right"),
        Err(diagnostics) => format!("{}\n{}", yaml.trim_end(), diagnostics.iter().map(|d| format!("→ {d}")).collect::<Vec<_>>().join("\n")),
    };
    insta::assert_snapshot!(cases.iter().map(tell).collect::<Vec<_>>().join("\n\n"));
}

#[test]
fn the_mapping_tells_what_it_needs() {
    let mapping = Mapping::parse(
        "m.yaml",
        "import: events\nsource: crm\naccount_id: { lookup: b.csv, by: x, take: y }\nperson_id: { lookup: a.csv, by: x, take: y }\n",
    )
    .unwrap();
    assert_eq!(
        (mapping.import, mapping.source(), mapping.lookup_files()),
        (Import::Events, Some("crm"), vec!["a.csv".into(), "b.csv".into()])
    );
}
