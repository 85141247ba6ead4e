// What was typed into a long form is not lost when the session had ended: it is kept in this tab while one signs in again, and put back into the form.
//
//   form[data-draft]      is kept when it is sent
//   [data-session-ended]  says that a form was not taken, because the session had ended
"use strict";

(() => {
  const ended = "session-ended";
  const form = document.querySelector("form[data-draft]");
  const who = document.querySelector(".who a")?.textContent.trim();
  const key = `draft ${who} ${location.pathname}`;

  if (document.querySelector("[data-session-ended]")) sessionStorage.setItem(ended, "yes");
  if (!form) return;

  const fields = () => [...form.elements].filter(field => field.name && (field.type === "textarea" || field.type === "text" || field.type === "number"));
  const kept = sessionStorage.getItem(key);
  sessionStorage.removeItem(key);
  if (kept && sessionStorage.getItem(ended)) {
    const texts = JSON.parse(kept);
    for (const field of fields()) field.value = texts[field.name] ?? field.value;
    form.closest("details")?.setAttribute("open", "");
    document.getElementById("status").textContent = "What you had typed is here again; send it once more. A file must be chosen again.";
  }
  sessionStorage.removeItem(ended);

  form.addEventListener("submit", () => {
    try {
      sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(fields().map(field => [field.name, field.value]))));
    } catch {
      // more than a tab may keep: then it is not kept
    }
  });
})();
