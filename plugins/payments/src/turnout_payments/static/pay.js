// Saves clicks and waiting; whoever has no scripts has a button, and pages that refresh themselves.
const ask = document.querySelector("form[data-ask]");
const { next, wait } = document.body.dataset;
if (ask) ask.submit();
else if (next) setTimeout(() => location.replace(next), wait * 1000);
