// The page of the door: answers without loading the page again, and reads tickets with the camera.
(() => {
  "use strict";

  const ANOTHER_LOOK = 3000;  // milliseconds for which a code has to be out of sight before it is sent again
  const PAUSE = 120;  // milliseconds between two looks
  const WIDEST = 640;  // pixels that are looked at; more takes phones too long

  const answer = document.getElementById("answer");
  const form = document.querySelector("form[data-door]:has([name=secret])");
  const field = form && form.querySelector("[name=secret]");
  const camera = document.querySelector("[data-camera]");
  let stream = null;
  let speaker = null;

  // On a phone the keyboard would come up and hide the answer.
  const focus = () => {
    if (field && !stream && matchMedia("(pointer: fine)").matches) field.focus({ preventScroll: true });
  };

  // For those who look at the guests: high for green, low and longer for red. Only where it is switched on.
  const sounds = document.querySelector("[data-sounds]");
  const sound = () => {
    if (!sounds || !sounds.checked) return;
    const isGood = Boolean(answer.querySelector(".answer-green"));
    if (!isGood && !answer.querySelector(".answer-red")) return;
    const seconds = isGood ? 0.12 : 0.5;
    if (navigator.vibrate) navigator.vibrate(seconds * 1000);
    speaker = speaker || new AudioContext();
    const tone = new OscillatorNode(speaker, { frequency: isGood ? 880 : 180 });
    tone.connect(speaker.destination);
    tone.start();
    tone.stop(speaker.currentTime + seconds);
  };

  const show = (page) => {
    answer.innerHTML = page.getElementById("answer").innerHTML;
    answer.classList.remove("answer-idle");
    for (const id of ["counts", "people"]) document.getElementById(id).replaceWith(page.getElementById(id));
  };

  const post = async (address, body) => {
    answer.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, { method: "POST", body });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      if (!response.ok || !page.getElementById("answer")) throw new Error("no answer of the door");
      show(page);
    } catch {
      answer.replaceChildren(document.getElementById("no-answer").content.cloneNode(true));
    }
    answer.removeAttribute("aria-busy");
    sound();
  };

  // One after the other: a scanner may be quicker than the answers, and no ticket gets lost.
  let turn = Promise.resolve();
  const send = (action, body) => {
    const address = new URL(action, location.href);
    address.search = location.search;  // what the list is filtered by now
    turn = turn.then(() => post(address, body));
    return turn;
  };

  document.addEventListener("submit", (submit) => {
    if (!submit.target.matches("form[data-door]")) return;
    submit.preventDefault();
    const by = submit.submitter;
    const body = new URLSearchParams(new FormData(submit.target));
    if (by && by.name) body.set(by.name, by.value);
    if (submit.target === form) field.value = "";
    send(by && by.hasAttribute("formaction") ? by.formAction : submit.target.action, body).then(() => {
      if (document.activeElement === document.body || document.activeElement === field) focus();
    });
  });

  // Whatever is scanned belongs into the field, unless somebody writes elsewhere.
  document.addEventListener("keydown", (key) => {
    if (field && key.key.length === 1 && !key.ctrlKey && !key.metaKey && !key.altKey
        && !(key.key === " " && document.activeElement.matches("button, summary"))
        && !document.activeElement.matches("input:not([type=checkbox]), select, textarea")) field.focus();
  });

  const last = { code: "", at: 0 };
  const scanned = (code) => {
    const now = Date.now();
    const again = code === last.code && now - last.at < ANOTHER_LOOK;
    last.code = code;
    last.at = now;
    if (again) return;
    const body = new URLSearchParams(new FormData(form));
    body.set("secret", code);
    send(form.action, body);
  };

  const prepare = () => {
    const button = camera.querySelector("button");
    const video = camera.querySelector("video");
    const said = camera.querySelector("[role=status]");
    const canvas = document.createElement("canvas");
    const context = canvas.getContext("2d", { willReadFrequently: true });

    const look = () => {
      if (!stream) return;
      if (video.readyState >= video.HAVE_CURRENT_DATA) {
        const scale = Math.min(1, WIDEST / Math.max(video.videoWidth, video.videoHeight));
        canvas.width = Math.round(video.videoWidth * scale);
        canvas.height = Math.round(video.videoHeight * scale);
        context.drawImage(video, 0, 0, canvas.width, canvas.height);
        const { data, width, height } = context.getImageData(0, 0, canvas.width, canvas.height);
        const code = jsQR(data, width, height, { inversionAttempts: "dontInvert" });
        if (code && code.data) scanned(code.data);
      }
      setTimeout(look, PAUSE);
    };

    const stop = (words) => {
      if (stream) stream.getTracks().forEach((track) => track.stop());
      stream = null;
      video.srcObject = null;
      video.hidden = true;
      button.setAttribute("aria-pressed", "false");
      button.querySelector("span").textContent = button.dataset.use;
      said.textContent = words;
    };

    const why = (error) => {
      switch (error.name) {
        case "NotAllowedError": return "This page may not use the camera. Allow it in the browser’s settings of this page, and try again.";
        case "NotFoundError": case "OverconstrainedError": return "There is no camera here. Use a hand scanner, or find the guest in the list.";
        case "NotReadableError": return "The camera is in use by another program. Close that, and try again.";
        default: return "The camera does not work here. Use a hand scanner, or find the guest in the list.";
      }
    };

    button.addEventListener("click", async () => {
      if (stream) return stop("");
      if (!navigator.mediaDevices) {
        return stop(window.isSecureContext ? why({}) : "Browsers lend the camera only to pages that begin with https. Ask whoever runs Turnout.");
      }
      said.textContent = "Allow the camera, if the browser asks.";
      try {
        stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
        stream.getTracks().forEach((track) => track.addEventListener("ended", () => stop(why({ name: "NotReadableError" }))));
        video.srcObject = stream;
        video.hidden = false;
        await video.play();
        button.setAttribute("aria-pressed", "true");
        button.querySelector("span").textContent = button.dataset.stop;
        said.textContent = "Hold the ticket’s code before the camera.";
        look();
      } catch (error) {
        stop(why(error));
      }
    });
  };

  if (camera) prepare();
  if (document.activeElement === field && !matchMedia("(pointer: fine)").matches) field.blur();
  focus();
})();
