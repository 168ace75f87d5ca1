//! The outbox: one message per decision, one deliverer per message, and every end a message can come to.

use std::collections::BTreeSet;

use tenure_model::Instant;
use tenure_store::{Error, Message, MessageId, MessageState, NewMessage, Page, Store, transact, transact_beside};

fn message(n: i64, key: &str) -> NewMessage {
    NewMessage {
        id: MessageId::of(&n.to_string()),
        dedupe_key: key.into(),
        kind: "email".into(),
        recipient: "ann@acme.example".into(),
        payload: "{\"subject\": \"Hello\"}".into(),
        due_at: Instant(n),
    }
}

async fn enqueue(store: &Store, messages: &[NewMessage]) -> u64 {
    transact!(store, "enqueue", |write| write.enqueue(messages, Instant(1)).await).unwrap()
}

async fn claim(store: &Store, now: i64, limit: u32) -> Vec<Message> {
    transact_beside!(store, "claim", |write| write.claim(Instant(now), limit).await).unwrap()
}

pub async fn outbox_once(store: Store) {
    assert_eq!(enqueue(&store, &[message(1, "a"), message(2, "b"), message(3, "c"), message(50, "d")]).await, 4);
    assert_eq!(enqueue(&store, &[message(9, "a"), message(8, "e")]).await, 1, "a dedupe key is taken once");
    let ids = |messages: &[Message]| messages.iter().map(|m| m.message.id.to_string()).collect::<Vec<_>>();
    let first = claim(&store, 10, 2).await;
    assert_eq!(ids(&first), ["msg_1", "msg_2"]);
    assert_eq!((first[0].attempts, first[0].state), (1, MessageState::Claimed));
    assert_eq!(first[0].message.payload, message(1, "a").payload);
    assert_eq!(ids(&claim(&store, 10, 9).await), ["msg_3", "msg_8"], "claimed ones are left alone");
    let id = |n: i64| MessageId::of(&n.to_string());
    let ends = transact!(store, "deliver", |write| {
        write.message_sent(&id(1), Instant(11)).await?;
        write.message_delayed(&id(2), "421 later", Instant(20)).await?;
        write.message_failed(&id(3), "550 no such user", Instant(11)).await
    });
    ends.unwrap();
    let twice = transact!(store, "deliver", |write| write.message_sent(&id(1), Instant(12)).await);
    assert!(matches!(twice, Err(Error::NotFound { .. })));
    let again = claim(&store, 20, 9).await;
    assert_eq!((ids(&again), again[0].attempts, again[0].last_error.as_deref()), (vec!["msg_2".into()], 2, Some("421 later")));
    let hour = 3_600_000_000;
    assert_eq!(ids(&claim(&store, hour, 9).await), ["msg_2", "msg_50", "msg_8"], "who claimed the others has died");
    let failed = store.messages(MessageState::Failed, &Page::first(9)).await.unwrap();
    assert_eq!((ids(&failed), failed[0].finished_at), (vec!["msg_3".into()], Some(Instant(11))));
    let claimed = store.messages(MessageState::Claimed, &Page { before: Some((Instant(1), id(8))), limit: 9 }).await.unwrap();
    assert_eq!(ids(&claimed), ["msg_50", "msg_2"], "newest first, then by id");
}

pub async fn outbox_claims_once(store: Store) {
    let messages: Vec<NewMessage> = (0..60).map(|n| message(n, &n.to_string())).collect();
    enqueue(&store, &messages).await;
    let deliverers: Vec<_> = (0..5)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut mine = Vec::new();
                for _ in 0..12 {
                    mine.extend(claim(&store, 100, 5).await.into_iter().map(|m| m.message.id));
                }
                mine
            })
        })
        .collect();
    let mut claimed = Vec::new();
    for deliverer in deliverers {
        claimed.extend(deliverer.await.unwrap());
    }
    assert_eq!(claimed.len(), 60, "each by one");
    assert_eq!(claimed.into_iter().collect::<BTreeSet<_>>().len(), 60);
}
