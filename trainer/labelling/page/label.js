"use strict";
// A key is taken only while a picture is shown and its answer is not under way: the next picture
// shows when the server has the answer on its disk, never before.
const token = new URLSearchParams(location.search).get("token") ?? "";
const keys = [..."1234567890abcdefghijklmnopqrtvwxyz"];
const at = (id) => document.getElementById(id);
let state = null;
let busy = true;

async function ask(path, body) {
  const options = { headers: { "X-Token": token } };
  if (body) Object.assign(options, { method: "POST", body: JSON.stringify(body) });
  const answer = await fetch(path, options);
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
}

function say(text, bad = false) {
  at("message").textContent = text;
  at("message").classList.toggle("bad", bad);
}

function address(path) {
  return `/picture?path=${encodeURIComponent(path)}&token=${encodeURIComponent(token)}`;
}

async function act(path, body) {
  if (busy) return;
  busy = true;
  for (;;) {
    try {
      show(await ask(path, body));
      return;
    } catch (error) {
      // Whether it was kept is not known: to send it again is safe, the server knows the picture.
      say(`Not saved yet, trying again: ${error.message}`, true);
      await new Promise((done) => setTimeout(done, 500));
    }
  }
}

function show(next) {
  state = next;
  const picture = state.picture;
  at("count").textContent = `${state.answered} answered, ${state.left} left`;
  at("progress").max = Math.max(1, state.answered + state.left);
  at("progress").value = state.answered;
  at("picture").hidden = !picture;
  at("about").textContent = picture ? about(picture) : "";
  at("labels").replaceChildren(...buttons(picture));
  if (!picture) {
    say("All pictures are answered. Ctrl-C ends the server.");
    busy = false;
    return;
  }
  say("");
  at("picture").src = address(picture.path);
  at("picture").onload = ready;
  at("picture").onerror = () => {
    say("This picture cannot be shown: skip it with the space bar.", true);
    ready();
  };
}

function ready() {
  busy = false;
  document.body.dataset.ready = String(state.answered);
  if (state.ahead) new Image().src = address(state.ahead);
}

function about(picture) {
  const words = [picture.name];
  if (picture.camera) words.push(picture.camera);
  if (picture.taken_at) words.push(picture.taken_at);
  if (picture.guess) words.push(`looks like ${picture.guess}, by ${picture.margin.toFixed(2)}`);
  if (picture.disagree.length) words.push(`was called ${picture.disagree.join(" and ")}`);
  return words.join(" · ");
}

function buttons(picture) {
  const every = [];
  if (picture) {
    state.labels.forEach((label, number) => {
      const one = button(keys[number] ?? "", label, () => choose(label));
      one.classList.toggle("guess", label === picture.guess);
      one.classList.toggle("now", label === picture.label);
      every.push(one);
    });
    every.push(button("space", "skip", skip, "quiet"));
  }
  if (state.can_undo) every.push(button("u", "undo", undo, "quiet"));
  return every;
}

function button(key, text, press, kind) {
  const made = document.createElement("button");
  made.type = "button";
  if (kind) made.className = kind;
  const shown = document.createElement("kbd");
  shown.textContent = key;
  made.append(shown, text);
  made.addEventListener("click", press);
  return made;
}

const choose = (label) => act("/answer", { path: state.picture.path, label });
const skip = () => act("/skip", { path: state.picture.path });
const undo = () => act("/undo", {});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || !state) return;
  const label = state.labels[keys.indexOf(event.key)];
  if (event.key === "u" || event.key === "Backspace") {
    if (state.can_undo) undo();
  } else if (!state.picture) {
    return;
  } else if (event.key === " ") {
    skip();
  } else if (label !== undefined) {
    choose(label);
  } else {
    return;
  }
  event.preventDefault();
});

busy = false;
act("/next");
