//! Sessions of an agent, over its own paths.

use serde_json::json;

use crate::served::Served;

#[tokio::test]
async fn a_session_is_remembered_listed_and_forgotten_at_the_agents_own_paths() {
    let house = Served::new().await;
    house.agent("analyst", "mock/instant", &[], &[]);
    let asked = json!({"session_id": "a b/c", "messages": [{"role": "user", "content": "Hello?"}]});
    let answer = house.http.post(house.chat_url("analyst")).json(&asked);
    assert_eq!(answer.send().await.unwrap().status(), 200);

    let memory = "/agents/team/analyst/memory";
    let (_, listed) = house.get(&format!("{memory}/sessions")).await;
    assert_eq!(listed["sessions"], json!(["a b/c"]));
    let session = format!("{}{memory}/sessions/a%20b%2Fc", house.url);
    for status in [204, 404] {
        let deleted = house.http.delete(&session).send().await.unwrap();
        assert_eq!(deleted.status(), status);
    }
    let (_, left) = house.get(&format!("{memory}/events")).await;
    assert_eq!(left["total"], 0);
    house.end().await;
}
