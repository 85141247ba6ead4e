// Sends a file or pasted rows to the API as they are, and shows how much is sent; then goes to the page of what it came to, which shows the rest. Without this the form works too.
// data-types: the endings that are sent so; what else the form asks for goes along in the address.
"use strict";

(() => {
  const form = document.getElementById("upload");
  if (!form) return;
  const sent = document.getElementById("sent");
  const bar = document.getElementById("sending");
  const types = { csv: "text/csv", ndjson: "application/x-ndjson", jsonl: "application/x-ndjson", json: "application/json", zip: "application/zip", xlsx: "application/octet-stream" };
  const taken = (form.dataset.types ?? "csv ndjson jsonl json").split(" ");
  const further = ["specialties", "states"].filter(name => form.elements[name]);
  let last = { body: null, asked: null, key: null };
  const megabytes = bytes => (bytes / 1048576).toFixed(1);

  const tell = (words, tone) => {
    sent.textContent = words;
    sent.className = tone;
  };

  // What is sent again because an answer did not come is the same ingest: the key goes with the file that was chosen, or the text as it stands.
  const keyOf = (body, asked) => {
    if (last.body !== body || last.asked !== asked) {
      const random = crypto.getRandomValues(new Uint8Array(16));
      last = { body, asked, key: `page-${Array.from(random, byte => byte.toString(16).padStart(2, "0")).join("")}` };
    }
    return last.key;
  };

  const unknown = "so it is not known whether it was kept. Sending it again is safe: nothing is taken in twice.";

  const send = (body, type, name) => {
    const request = new XMLHttpRequest(); // fetch does not tell how much is sent
    const button = form.querySelector("button");
    const over = words => {
      tell(words, "bad");
      bar.hidden = true;
      button.disabled = false;
    };
    button.disabled = true;
    bar.hidden = false;
    request.upload.addEventListener("progress", event => {
      if (!event.lengthComputable) return;
      bar.value = 100 * event.loaded / event.total;
      tell(event.loaded < event.total ? `${megabytes(event.loaded)} of ${megabytes(event.total)} MB sent` : "All sent; checking…", "quiet");
    });
    request.addEventListener("load", () => {
      let answer = null;
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // said below
      }
      if (request.status === 202 && answer) location.href = form.dataset.then + answer.id;
      else over(answer?.detail ?? `The answer was ${request.status} without a word from the service, ${unknown}`);
    });
    request.addEventListener("error", () => over(`The connection broke, ${unknown}`));
    const asked = new URLSearchParams({ wait: 0, name });
    for (const one of further) asked.set(one, form.elements[one].value);
    request.open("POST", `${form.dataset.to}?${asked}`);
    request.setRequestHeader("Content-Type", type);
    request.setRequestHeader("Idempotency-Key", keyOf(body, `${type} ${asked}`));
    request.send(body);
  };

  form.addEventListener("submit", event => {
    const file = form.elements.file.files[0];
    const ending = file ? file.name.replace(/\.gz$/i, "").split(".").pop().toLowerCase() : form.elements.format?.value;
    if (!file && !form.elements.text?.value.trim()) return;
    if (!taken.includes(ending)) return; // the server says what is wrong
    event.preventDefault();
    send(file ?? form.elements.text.value, types[ending], file ? file.name.slice(0, 200) : "pasted");
  });
})();
