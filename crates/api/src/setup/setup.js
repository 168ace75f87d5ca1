// The link's token stands behind `#`: it is in no log, and only goes where it is needed.
const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const said = Object.fromEntries([...new FormData(form)].filter(([, value]) => value !== ""));
  const answer = await fetch("/api/v1/setup", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token: location.hash.slice(1), ...said }),
  });
  const body = await answer.json();
  status.textContent = answer.ok ? `You are signed in as ${body.email} (${body.role}).` : body.message;
  if (answer.ok) {
    form.hidden = true;
    history.replaceState(null, "", "/setup");
  }
});
