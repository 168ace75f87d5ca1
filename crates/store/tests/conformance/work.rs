//! What teammates leave behind: the audit log, saved views, notes.

use tenure_model::Instant;
use tenure_store::{
    AuditEntry, AuditFilter, AuditId, Error, Note, NoteId, Page, ROWS_MAX, Role, SavedView, Store, TeammateId, ViewId, transact,
};

use super::teammates::{add, teammate};

pub async fn audit_pages(store: Store) {
    let entry = |n: i64| AuditEntry {
        id: AuditId::of(&n.to_string()),
        at: Instant(n / 2),
        actor: if n % 2 == 0 { "team_carla" } else { "tenure" }.into(),
        action: "source.disable".into(),
        target: format!("src_{}", n % 3),
        before: Some("{\"disabled\":false}".into()),
        after: None,
        address: (n == 1).then(|| "10.0.0.1".into()),
    };
    for n in 0..6 {
        transact!(store, "audit", |write| write.audit(&entry(n)).await).unwrap();
    }
    let read = async |filter: &AuditFilter, page: &Page<AuditId>| store.audit_log(filter, page).await.unwrap();
    let all = AuditFilter::default();
    let first = read(&all, &Page::first(4)).await;
    assert_eq!(first, [5, 4, 3, 2].map(entry));
    let rest = read(&all, &Page { before: Some((first[3].at, first[3].id.clone())), limit: 4 }).await;
    assert_eq!(rest, [1, 0].map(entry));
    let carla = AuditFilter { actor: Some("team_carla".into()), target: None };
    assert_eq!(read(&carla, &Page::first(9)).await, [4, 2, 0].map(entry));
    let both = AuditFilter { target: Some("src_1".into()), ..carla };
    assert_eq!(read(&both, &Page::first(9)).await, [4].map(entry));
}

pub async fn views_shared(store: Store) {
    for name in ["carla", "bob"] {
        add(&store, &teammate(name, Role::Csm)).await.unwrap();
    }
    let view = |n: i64, owner: &str, name: &str, shared| SavedView {
        id: ViewId::of(&n.to_string()),
        owner: TeammateId::of(owner),
        name: name.into(),
        shared,
        definition: "{}".into(),
        created_at: Instant(1),
        updated_at: Instant(n),
    };
    let put = async |view: &SavedView| transact!(store, "view", |write| write.put_view(view).await);
    let (mine, ours, his) = (view(1, "carla", "Mine", false), view(2, "bob", "Ours", true), view(3, "bob", "His", false));
    for view in [&mine, &ours, &his] {
        put(view).await.unwrap();
    }
    assert!(matches!(put(&view(4, "bob", "His", false)).await, Err(Error::Taken { .. })));
    assert_eq!(store.views_of(&mine.owner).await.unwrap(), [mine.clone(), ours.clone()]);
    assert_eq!(store.views_of(&his.owner).await.unwrap(), [his.clone(), ours]);
    let shared = SavedView { shared: true, updated_at: Instant(9), ..his };
    put(&shared).await.unwrap();
    assert_eq!(store.view(&shared.id).await.unwrap(), Some(shared));
    for deleted in [true, false] {
        assert_eq!(transact!(store, "view", |write| write.delete_view(&mine.id).await).unwrap(), deleted);
    }
}

pub async fn notes_hidden(store: Store) {
    add(&store, &teammate("carla", Role::Csm)).await.unwrap();
    let note = |n: i64, account: &str| Note {
        id: NoteId::of(&n.to_string()),
        account: account.into(),
        author: TeammateId::of("carla"),
        at: Instant(n),
        kind: "call".into(),
        body: format!("They said: “{n}”"),
        edited_at: None,
    };
    for note in [note(1, "acme"), note(2, "acme"), note(3, "beta"), note(4, "acme")] {
        transact!(store, "note", |write| write.add_note(&note).await).unwrap();
    }
    let edited = Note { body: "Better".into(), edited_at: Some(Instant(9)), ..note(4, "acme") };
    transact!(store, "note", |write| write.edit_note(&edited.id, "Better", Instant(9)).await).unwrap();
    assert_eq!(store.notes("acme", &Page::first(2)).await.unwrap(), [edited, note(2, "acme")]);
    let older = Page { before: Some((Instant(2), NoteId::of("2"))), limit: 9 };
    assert_eq!(store.notes("acme", &older).await.unwrap(), [note(1, "acme")]);
    let delete = async || transact!(store, "note", |write| write.delete_note(&NoteId::of("2"), Instant(9)).await);
    delete().await.unwrap();
    assert!(matches!(delete().await, Err(Error::NotFound { .. })));
    assert_eq!(store.note(&NoteId::of("2")).await.unwrap(), None);
    assert_eq!(store.notes("acme", &Page::first(9)).await.unwrap().len(), 2);
}

pub async fn answers_are_bounded(store: Store) {
    add(&store, &teammate("carla", Role::Csm)).await.unwrap();
    let note = |n: u32| Note {
        id: NoteId::of(&n.to_string()),
        account: "acme".into(),
        author: TeammateId::of("carla"),
        at: Instant(n.into()),
        kind: "call".into(),
        body: String::new(),
        edited_at: None,
    };
    transact!(store, "notes", |write| {
        for n in 0..=ROWS_MAX {
            write.add_note(&note(n)).await?;
        }
        Ok(())
    })
    .unwrap();
    assert_eq!(store.notes("acme", &Page::first(u32::MAX)).await.unwrap().len(), ROWS_MAX as usize);
}
