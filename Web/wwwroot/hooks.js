// Shows the hook that a model is writing, as far as it is. What is whole comes with the page's own drawing (live.js).
"use strict";

document.addEventListener("news", ({ detail }) => {
  for (const { event, model, text } of detail) {
    const place = document.getElementById(`writing-${model}`);
    if (place && event === "writing") place.textContent = text;
    else if (place && event === "hook written") place.textContent = "";
  }
});
