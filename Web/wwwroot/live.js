// Keeps a page up to date. A stream of events (of one job, or of all) says that it is time; the server draws what changes with the same partial as at first; what
// differs is put in place. Nothing that stays is replaced, so focus, selection and scroll position stay where they are.
//
//   #live        data-draw: where its inside is drawn · data-events: the stream of events
//                data-news: redrawn for the workload's news instead of each snapshot, which are handed on as an event "news" of the document · data-rest: milliseconds
//                between two drawings · data-own inside it: what a script of the page fills
//   #connection  says whether the page keeps up
"use strict";

(() => {
  const live = document.getElementById("live");
  const connection = document.getElementById("connection");
  const calm = matchMedia("(prefers-reduced-motion: reduce)");
  const comeBackMs = 3000;
  const lookAgainMs = 15000;
  const settleMs = 300;
  let source = null;
  let drawing = false;
  let asked = false;
  let trouble = false;
  let over = false;
  let comingBack = 0;
  let clock = 0;
  let settling = 0;

  const say = (words, tone) => {
    if (connection.textContent !== words) connection.textContent = words; // read aloud, so only when it is news
    connection.className = tone;
  };

  const isSame = (old, fresh) => old.nodeType === fresh.nodeType && old.nodeName === fresh.nodeName && old.id === fresh.id;
  const isInUse = node => node.contains(document.activeElement);

  // What a person has opened stays open, and what they are using stays usable.
  const keeps = (node, name) => name === "open" || (name === "disabled" && node === document.activeElement);

  const put = (old, fresh) => {
    if (old.nodeType !== Node.ELEMENT_NODE) {
      if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name } of [...old.attributes]) if (!fresh.hasAttribute(name) && !keeps(old, name)) old.removeAttribute(name);
    for (const { name, value } of fresh.attributes) if (!keeps(old, name) && old.getAttribute(name) !== value) old.setAttribute(name, value);
    if (!old.hasAttribute("data-own")) putInside(old, fresh);
  };

  const nodesOf = parent => [...parent.childNodes].filter(node => node.nodeType === Node.ELEMENT_NODE || node.nodeValue.trim() !== "");

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

  const pause = ms => new Promise(resolve => setTimeout(resolve, ms));

  const drawOnce = async () => {
    const answer = await fetch(live.dataset.draw, { headers: { Accept: "text/html" } });
    if (answer.redirected || answer.status === 401 || answer.status === 404) {
      leave();
      over = true;
      say(answer.status === 404 ? "This job is gone: it was deleted" : "You are signed out: reload the page to sign in", "lost");
      return;
    }
    if (!answer.ok) throw new Error(`${answer.status}`);
    const fresh = document.createElement("template");
    fresh.innerHTML = await answer.text();
    putInside(live, fresh.content);
    if (trouble) say(source ? "Live" : "Ended", source ? "live" : "ended");
    trouble = false;
  };

  // One drawing at a time; whatever happens meanwhile asks for one more.
  const draw = async () => {
    asked = true;
    if (drawing) return;
    drawing = true;
    while (asked && !over) {
      asked = false;
      try {
        await drawOnce();
      } catch {
        lose();
        [trouble, asked] = [true, true];
        await pause(comeBackMs);
      }
      await pause(calm.matches ? 1000 : Number(live.dataset.rest ?? 300));
    }
    drawing = false;
  };

  const lose = () => say("Connection lost: trying again. What you see may be old.", "lost");

  const leave = () => {
    clearTimeout(comingBack);
    clearInterval(clock);
    hangUp();
  };

  const hangUp = () => {
    source?.close();
    source = null;
  };

  const join = () => {
    leave();
    clock = setInterval(draw, lookAgainMs); // times grow old, and a job that is deleted says nothing more
    source = new EventSource(live.dataset.events);
    source.addEventListener("open", () => say("Live", "live"));
    source.addEventListener("progress", () => {
      if (live.dataset.news === undefined) draw();
    });
    source.addEventListener("news", ({ data }) => {
      const news = JSON.parse(data);
      document.dispatchEvent(new CustomEvent("news", { detail: news }));
      if (news.every(({ event }) => event === "writing")) return;
      draw();
      clearTimeout(settling);
      settling = setTimeout(draw, settleMs); // what is told is committed a moment later
    });
    source.addEventListener("failure", draw);
    source.addEventListener("changed", draw);
    source.addEventListener("done", () => {
      hangUp();
      say("Ended", "ended");
      draw();
    });
    source.addEventListener("error", () => {
      lose();
      if (source?.readyState === EventSource.CLOSED) comingBack = setTimeout(join, comeBackMs); // refused: a browser would not come back by itself
      draw(); // tells a job that is gone from a connection that is
    });
  };

  // A browser keeps few connections to one host: pages that nobody looks at give theirs back.
  document.addEventListener("visibilitychange", () => {
    if (over) return;
    if (document.hidden) leave();
    else join();
  });

  if (!document.hidden) join();
})();
