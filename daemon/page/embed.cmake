# Joins the parts of the status page to one HTML file and makes it a C++ source:
#   cmake -DSOURCE=DIR -DSCRIPTS=a.js:b.js -DOUT=page.cpp -P embed.cmake
# The policy names the one style and the one script by their hashes: the browser runs nothing else.
cmake_minimum_required(VERSION 3.22)

# Base 64 of a number in hexadecimal digits, 24 bits at a time.
function(base64_of_hex hex out)
  set(digits "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  string(LENGTH "${hex}" length)
  set(text "")
  foreach(at RANGE 0 ${length} 6)
    math(EXPR left "${length} - ${at}")
    if(left LESS_EQUAL 0)
      break()
    endif()
    string(SUBSTRING "${hex}" ${at} 6 group)
    string(LENGTH "${group}" nibbles)
    string(SUBSTRING "${group}00000" 0 6 group)
    math(EXPR bits "0x${group}")
    foreach(shift 18 12 6 0)
      math(EXPR digit "(${bits} >> ${shift}) & 63")
      string(SUBSTRING "${digits}" ${digit} 1 digit)
      string(APPEND text "${digit}")
    endforeach()
    math(EXPR keep "${nibbles} / 2 + 1")  # 2, 4 or 6 nibbles make 2, 3 or 4 digits
  endforeach()
  string(LENGTH "${text}" length)
  math(EXPR length "${length} - 4 + ${keep}")
  string(SUBSTRING "${text}" 0 ${length} text)
  math(EXPR padding "4 - ${keep}")
  string(REPEAT "=" ${padding} padding)
  set(${out} "${text}${padding}" PARENT_SCOPE)
endfunction()

function(hash_source text out)
  string(SHA256 hex "${text}")
  base64_of_hex(${hex} base64)
  set(${out} "'sha256-${base64}'" PARENT_SCOPE)
endfunction()

file(READ ${SOURCE}/index.html page)
file(READ ${SOURCE}/style.css style)
set(script "")
string(REPLACE ":" ";" SCRIPTS "${SCRIPTS}")
foreach(name IN LISTS SCRIPTS)
  file(READ ${SOURCE}/${name} part)
  string(APPEND script "${part}")
endforeach()

# What only the reader of the parts needs stays behind: indentation, empty lines, comments that fill a line.
string(REGEX REPLACE "\n *(//|/\\*\\*|\\*)[^\n]*" "" script "\n${script}")
string(REGEX REPLACE "\n[ \n]+" "\n" script "${script}")
string(REGEX REPLACE "\n[ \n]+" "\n" style "\n${style}")

hash_source("${style}" style_hash)
hash_source("${script}" script_hash)
string(CONCAT policy
  "default-src 'none'; script-src ${script_hash}; style-src ${style_hash}; connect-src 'self'; img-src data:; "
  "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'")

string(REPLACE "@POLICY@" "${policy}" page "${page}")
string(REPLACE "@STYLE@" "${style}" page "${page}")
string(REPLACE "@SCRIPT@" "${script}" page "${page}")
file(WRITE ${OUT} "// Made by embed.cmake.
#include \"page/page.hpp\"

namespace slickqd {

const std::string_view kPage = R\"page(${page})page\";
// A frame's ancestors can only be named in the header.
const std::string_view kPagePolicy = \"${policy}; frame-ancestors 'none'\";

}  // namespace slickqd
")
