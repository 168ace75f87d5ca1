//! Teammates and all that lets them in: setup tokens, sessions, API keys, failed attempts.

use tenure_model::Instant;
use tenure_store::{
    ApiKey, ApiKeyId, Error, Hash, LoginFailures, Role, Session, SetupToken, Store, Teammate, TeammateId, transact, transact_beside,
};

pub fn teammate(name: &str, role: Role) -> Teammate {
    Teammate {
        id: TeammateId::of(name),
        email: format!("{name}@tenure.example"),
        name: name.into(),
        role,
        password_hash: None,
        created_at: Instant(1),
        disabled_at: None,
        last_login_at: None,
    }
}

pub async fn add(store: &Store, teammate: &Teammate) -> Result<(), Error> {
    transact!(store, "teammate", |write| write.add_teammate(teammate).await)
}

async fn update(store: &Store, teammate: &Teammate) {
    transact!(store, "teammate", |write| write.update_teammate(teammate).await).unwrap();
}

pub async fn teammates_by_email(store: Store) {
    let (carla, bob) = (teammate("carla", Role::Admin), teammate("bob", Role::Csm));
    add(&store, &Teammate { email: "CARLA@Tenure.example".into(), ..carla.clone() }).await.unwrap();
    add(&store, &bob).await.unwrap();
    let again = Teammate { id: TeammateId::of("other"), email: "Carla@tenure.EXAMPLE".into(), ..carla.clone() };
    assert!(matches!(add(&store, &again).await, Err(Error::Taken { .. })));
    assert_eq!(store.teammate_by_email("Carla@Tenure.Example").await.unwrap().as_ref(), Some(&carla));
    let changed = Teammate { role: Role::Viewer, password_hash: Some("$argon2id$x".into()), disabled_at: Some(Instant(9)), ..carla };
    update(&store, &changed).await;
    transact!(store, "login", |write| write.teammate_signed_in(&changed.id, Instant(8)).await).unwrap();
    let changed = Teammate { last_login_at: Some(Instant(8)), ..changed };
    assert_eq!(store.teammate(&changed.id).await.unwrap().as_ref(), Some(&changed));
    assert_eq!(store.teammates().await.unwrap(), [bob, changed]);
    assert!(Role::Admin > Role::Manager && Role::Manager > Role::Csm && Role::Csm > Role::Viewer);
}

pub async fn setup_tokens_once(store: Store) {
    let carla = teammate("carla", Role::Admin);
    add(&store, &carla).await.unwrap();
    let token = |n: u8, teammate| SetupToken { hash: Hash([n; 32]), teammate, created_at: Instant(1), expires_at: Instant(100) };
    let (first, invitation) = (token(1, None), token(2, Some(carla.id)));
    for token in [&first, &invitation] {
        transact!(store, "token", |write| write.add_setup_token(token).await).unwrap();
    }
    let attempt = async |n: u8, now| transact!(store, "token", |write| write.use_setup_token(&Hash([n; 32]), Instant(now)).await).unwrap();
    assert_eq!(attempt(9, 5).await, None, "unknown");
    assert_eq!(attempt(1, 100).await, None, "expired");
    assert_eq!(attempt(1, 99).await, Some(first));
    assert_eq!(attempt(1, 99).await, None, "used");
    assert_eq!(attempt(2, 99).await, Some(invitation));
}

pub async fn sessions_expire(store: Store) {
    let carla = teammate("carla", Role::Admin);
    add(&store, &carla).await.unwrap();
    let session = |n: u8, expires| Session {
        hash: Hash([n; 32]),
        teammate: carla.id.clone(),
        csrf: "token".into(),
        created_at: Instant(1),
        last_used_at: Instant(1),
        expires_at: Instant(expires),
    };
    for session in [session(1, 50), session(2, 60), session(3, 70)] {
        transact_beside!(store, "session", |write| write.add_session(&session).await).unwrap();
    }
    let there = async |n: u8, now| store.session(&Hash([n; 32]), Instant(now)).await.unwrap();
    assert_eq!(there(1, 49).await, Some(session(1, 50)));
    assert_eq!(there(1, 50).await, None, "expired");
    transact_beside!(store, "session", |write| write.session_used(&Hash([1; 32]), Instant(49), Instant(99)).await).unwrap();
    assert_eq!(there(1, 98).await.unwrap().last_used_at, Instant(49));
    update(&store, &Teammate { disabled_at: Some(Instant(5)), ..carla.clone() }).await;
    assert_eq!(there(1, 10).await, None, "disabled");
    update(&store, &carla).await;
    let ended = transact!(store, "sessions", |write| {
        let forgotten = write.forget_sessions(Instant(60)).await?;
        Ok((forgotten, write.end_sessions(&carla.id, Some(&Hash([1; 32]))).await?))
    });
    assert_eq!(ended.unwrap(), (1, 1));
    assert!(there(1, 10).await.is_some());
    transact!(store, "session", |write| write.end_session(&Hash([1; 32])).await).unwrap();
    assert_eq!(there(1, 10).await, None);
}

pub async fn api_keys_revoked(store: Store) {
    let carla = teammate("carla", Role::Admin);
    add(&store, &carla).await.unwrap();
    let key = ApiKey {
        id: ApiKeyId::of("1"),
        name: "warehouse".into(),
        hash: Hash([1; 32]),
        scopes: vec!["accounts:read".into(), "it's \"quoted\"".into()],
        teammate: carla.id.clone(),
        created_at: Instant(1),
        last_used_at: None,
        revoked_at: None,
    };
    transact!(store, "key", |write| write.add_api_key(&key).await).unwrap();
    assert_eq!(store.api_key_by_hash(&key.hash).await.unwrap().as_ref(), Some(&key));
    transact_beside!(store, "key", |write| write.api_key_used(&key.id, Instant(5)).await).unwrap();
    for at in [7, 9] {
        transact!(store, "key", |write| write.revoke_api_key(&key.id, Instant(at)).await).unwrap();
    }
    assert_eq!(store.api_key_by_hash(&key.hash).await.unwrap(), None);
    assert_eq!(store.api_keys().await.unwrap(), [ApiKey { last_used_at: Some(Instant(5)), revoked_at: Some(Instant(7)), ..key }]);
}

pub async fn logins_blocked(store: Store) {
    let failed = async |now, forget| {
        transact_beside!(store, "login", |write| write.login_failed("ann", Instant(now), Instant(forget)).await).unwrap()
    };
    assert_eq!(store.login_failures("ann").await.unwrap(), LoginFailures::default());
    assert_eq!((failed(10, 0).await, failed(11, 0).await, failed(12, 0).await), (1, 2, 3));
    transact!(store, "login", |write| write.block_login("ann", Instant(50)).await).unwrap();
    let blocked = LoginFailures { failures: 3, failed_at: Some(Instant(12)), blocked_until: Some(Instant(50)) };
    assert_eq!(store.login_failures("ann").await.unwrap(), blocked);
    assert_eq!(failed(60, 20).await, 1, "the old ones no longer count");
    assert_eq!(transact!(store, "login", |write| write.forget_login_failures(Instant(60)).await).unwrap(), 0);
    transact!(store, "login", |write| write.login_succeeded("ann").await).unwrap();
    assert_eq!(store.login_failures("ann").await.unwrap(), LoginFailures::default());
    failed(70, 0).await;
    assert_eq!(transact!(store, "login", |write| write.forget_login_failures(Instant(71)).await).unwrap(), 1);
}
