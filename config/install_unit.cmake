# Run by the installation: slickqd.service with the paths of this installation's programs.
# Needs work_dir, program_dir and daemon_dir (relative to the prefix).
file(READ ${CMAKE_CURRENT_LIST_DIR}/slickqd.service unit)
string(REPLACE "=/usr/bin/" "=${CMAKE_INSTALL_PREFIX}/${program_dir}/" unit "${unit}")
string(REPLACE "=/usr/sbin/" "=${CMAKE_INSTALL_PREFIX}/${daemon_dir}/" unit "${unit}")
file(WRITE ${work_dir}/slickqd.service "${unit}")
file(INSTALL ${work_dir}/slickqd.service DESTINATION ${CMAKE_INSTALL_PREFIX}/lib/systemd/system)
