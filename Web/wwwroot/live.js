// Keeps a page up to date that the server draws anew every second or so: what differs is put in place. Nothing that stays is replaced, so focus, selection and
// scroll position stay where they are.
"use strict";

(() => {
  const live = document.getElementById("live");
  const connection = document.getElementById("connection");
  const everyMs = Number(live.dataset.every);
  const comeBackMs = 3000;
  let timer = 0;
  let drawing = false;

  const say = (words, tone) => {
    if (connection.textContent !== words) connection.textContent = words; // read aloud, so only when it is news
    connection.className = tone;
  };

  const isInUse = node => node.contains(document.activeElement);
  const isSame = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && old.id === fresh.id;
  const nodesOf = parent => [...parent.childNodes].filter(node => node.nodeType === Node.ELEMENT_NODE || node.nodeValue.trim() !== "");

  const put = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    putInside(old, fresh);
  };

  const putInside = (old, fresh) => {
    const had = nodesOf(old);
    const has = nodesOf(fresh);
    has.forEach((node, i) => {
      if (i >= had.length) old.append(node);
      else if (isSame(had[i], node)) put(had[i], node);
      else if (!isInUse(had[i])) had[i].replaceWith(node); // what somebody is using waits for the next time
    });
    for (const node of had.slice(has.length)) if (!isInUse(node)) node.remove();
  };

  const draw = async () => {
    if (drawing) return;
    drawing = true;
    let next = everyMs;
    try {
      const answer = await fetch(live.dataset.draw, { headers: { Accept: "text/html" } });
      if (answer.redirected || answer.status === 401) {
        say("You are signed out: reload the page", "warn");
        return;
      }
      if (!answer.ok) throw new Error(`${answer.status}`);
      const fresh = document.createElement("div");
      fresh.innerHTML = await answer.text();
      putInside(live, fresh);
      say("Live", "good");
    } catch {
      say("Reconnecting…", "warn");
      next = comeBackMs;
    } finally {
      drawing = false;
    }
    if (!document.hidden) timer = setTimeout(draw, next);
  };

  // Pages that nobody looks at ask for nothing.
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!document.hidden) draw();
  });

  if (!document.hidden) draw();
})();
