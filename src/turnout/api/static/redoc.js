"use strict";

const place = document.getElementById("docs");

Redoc.init(
  place.dataset.openapi,
  {
    hideDownloadButton: false,
    maxDisplayedEnumValues: 8,
    expandResponses: "200,201",
    sortRequiredPropsFirst: true,
    theme: { typography: { fontFamily: "system-ui, sans-serif", headings: { fontFamily: "system-ui, sans-serif" } } },
  },
  place,
);
